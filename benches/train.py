"""The counterpart of benches/train.rs with PyTorch and transformers (torch 2.15.0, transformers 4.57.1): the same model,
the same batch, f32, as many threads as OMP_NUM_THREADS says. Prints the same figures."""

import os
import resource
import time

import torch
import transformers


def setting(name, default):
    return int(os.environ.get(name, default))


rows, length = setting("BENCH_ROWS", 8), setting("BENCH_TIME", 256)
width, layers, vocab = setting("BENCH_WIDTH", 256), setting("BENCH_LAYERS", 6), setting("BENCH_VOCAB", 4096)
torch.set_num_threads(setting("OMP_NUM_THREADS", 2))
torch.manual_seed(1)
config = transformers.LlamaConfig(
    vocab_size=vocab,
    hidden_size=width,
    intermediate_size=width * 8 // 3 // 16 * 16,
    num_hidden_layers=layers,
    num_attention_heads=width // 32,
    num_key_value_heads=width // 64,
    max_position_embeddings=length,
    tie_word_embeddings=True,
)
model = transformers.AutoModelForCausalLM.from_config(config, dtype=torch.float32)
if os.environ.get("BENCH_KEEP") == "blocks":
    model.gradient_checkpointing_enable()
model.train()
tokens = (torch.arange(rows * length) * 7919 % vocab).reshape(rows, length)
matrices = [p for p in model.parameters() if p.dim() > 1]
vectors = [p for p in model.parameters() if p.dim() == 1]
optimizer = torch.optim.AdamW(
    [{"params": matrices, "weight_decay": 0.1}, {"params": vectors, "weight_decay": 0.0}], lr=1e-3, betas=(0.9, 0.95)
)
wall, cpu = [], []
for step in range(setting("BENCH_REPEAT", 8) + 1):
    before, clock = time.process_time(), time.perf_counter()
    logits = model(tokens, use_cache=False).logits
    loss = torch.nn.functional.cross_entropy(logits[:, :-1].reshape(-1, vocab), tokens[:, 1:].reshape(-1))
    optimizer.zero_grad()
    loss.backward()
    torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    optimizer.step()
    if step > 0:
        wall.append(time.perf_counter() - clock)
        cpu.append(time.process_time() - before)
wall.sort()
cpu.sort()
rate = lambda seconds: rows * length / seconds
print(
    f"torch: {sum(p.numel() for p in model.parameters())} parameters, {rows} × {length} tokens, "
    f"{os.environ.get('BENCH_KEEP', 'off')}: {rate(wall[0]):.0f} tokens/s at best, {rate(wall[len(wall) // 2]):.0f} in the "
    f"median; by CPU time {rate(cpu[0]):.0f} and {rate(cpu[len(cpu) // 2]):.0f} a core; "
    f"{resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1000} MB at the peak"
)
