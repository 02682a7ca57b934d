"""What `examples/logits.rs` computed, against transformers reading the same checkpoint.

    cargo run --release --example logits -- MODEL out.safetensors [--adapters DIR] 'Some text.'
    python scripts/against_transformers.py MODEL out.safetensors [--adapters DIR] 'Some text.'

MODEL is a folder, or a GGUF file (with the package gguf). Versions it was run with: torch 2.15.0, transformers 4.57.6,
peft 0.21.2, safetensors 0.8.0, gguf 0.19.0. It ends with an error where tokens, logits or the continuation differ."""

import argparse
import json
import pathlib
import sys

import torch
import transformers
from safetensors.torch import load_file

parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("model", type=pathlib.Path)
parser.add_argument("logits", type=pathlib.Path)
parser.add_argument("text")
parser.add_argument("--adapters", type=pathlib.Path)
parser.add_argument("--no-tokenizer", action="store_true", help="take the tokens as they are (a model without tokenizer)")
parser.add_argument("--tolerance", type=float, default=2e-4, help="of a logit")
args = parser.parse_args()

file = {}
folder = args.model
if args.model.suffix == ".gguf":
    folder, file = args.model.parent, {"gguf_file": args.model.name}
model = transformers.AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32, **file)
if args.adapters:
    import peft

    model = peft.PeftModel.from_pretrained(model, args.adapters)
model.eval()
ours = load_file(args.logits)
tokens = ours["tokens"].long()
same_tokens = None
if not args.no_tokenizer:
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder, **file)
    # Without the token that begins a text: transformers puts one before texts for any Llama in GGUF, whatever the file says.
    wanted = tokenizer(args.text, add_special_tokens=False)["input_ids"]
    same_tokens = tokens.tolist()[-len(wanted):] == wanted and len(tokens) - len(wanted) <= 1
with torch.no_grad():
    logits = model(tokens[None]).logits[0].float()
loss = lambda logits: torch.nn.functional.cross_entropy(logits[:-1].double(), tokens[1:]).item()
greedy = ours["greedy"].long().tolist()
with torch.no_grad():
    out = model.generate(
        input_ids=tokens[None], attention_mask=torch.ones_like(tokens)[None], max_new_tokens=len(greedy),
        min_new_tokens=len(greedy), do_sample=False, pad_token_id=0,
    )
same_greedy = sum(a == b for a, b in zip(greedy, out[0, len(tokens):].tolist()))
found = {
    "tokens": len(tokens),
    "same tokens": same_tokens,
    "largest difference of a logit": (ours["logits"] - logits).abs().max().item(),
    "largest logit": logits.abs().max().item(),
    "loss, ours": loss(ours["logits"]),
    "loss, transformers": loss(logits),
    "greedy tokens that are the same": f"{same_greedy} of {len(greedy)}",
    "versions": {"torch": torch.__version__, "transformers": transformers.__version__},
}
print(json.dumps(found, indent=2))
good = same_tokens is not False and same_greedy == len(greedy)
sys.exit(0 if good and found["largest difference of a logit"] <= args.tolerance else 1)
