"""Speed of transformers' generate on what `cargo bench --bench sample` samples: the same shape, rows and tokens.

    v/bin/python benches/sample.py

The settings are those of benches/sample.rs, by the same variables of the environment; `BENCH_THREADS` (2) are torch's.
"""

import os
import time

import torch
import transformers


def setting(name, default):
    return int(os.environ.get(name, default))


rows, group = setting("BENCH_ROWS", 64), setting("BENCH_GROUP", 8)
prompt, new = setting("BENCH_PROMPT", 64), setting("BENCH_NEW", 128)
width, layers, vocab = setting("BENCH_WIDTH", 64), setting("BENCH_LAYERS", 4), setting("BENCH_VOCAB", 4096)
torch.set_num_threads(setting("BENCH_THREADS", 2))
torch.manual_seed(1)
heads = max(width // 32, 2)
config = transformers.LlamaConfig(
    vocab_size=vocab,
    hidden_size=width,
    intermediate_size=width * 8 // 3 // 16 * 16,
    num_hidden_layers=layers,
    num_attention_heads=heads,
    num_key_value_heads=heads // 2,
    max_position_embeddings=prompt + new,
    tie_word_embeddings=True,
    bos_token_id=None,
    eos_token_id=None,
    pad_token_id=0,
)
model = transformers.LlamaForCausalLM(config).eval()
tokens = torch.tensor([[((row // group) * 131 + i * 7919) % vocab for i in range(prompt)] for row in range(rows)])
rates = []
for run in range(setting("BENCH_REPEAT", 5) + 1):
    clock = time.perf_counter()
    with torch.inference_mode():
        out = model.generate(
            tokens,
            attention_mask=torch.ones_like(tokens),
            do_sample=True,
            temperature=1.0,
            top_k=0,
            top_p=1.0,
            max_new_tokens=new,
            min_new_tokens=new,
        )
    assert out.shape == (rows, prompt + new), out.shape
    if run:
        rates.append(rows * new / (time.perf_counter() - clock))
rates.sort()
count = sum(p.numel() for p in model.parameters())
print(
    f"sample: {count} parameters, {rows} rows in groups of {group}, {prompt} + {new} tokens: {rates[-1]:.0f} tokens/s at "
    f"best, {rates[len(rates) // 2]:.0f} in the median"
)
