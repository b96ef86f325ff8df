"""randomQwen3.py TOKENIZER FOLDER: a tiny model of Qwen3's architecture with seeded random weights, and Qwen3's own tokenizer."""
import os
import shutil
import sys

os.environ['HF_HUB_OFFLINE'] = '1'

import torch
from transformers import Qwen3Config, Qwen3ForCausalLM

source, target = sys.argv[1:3]
for name in ('tokenizer.json', 'tokenizer_config.json'):
    shutil.copy(os.path.join(source, name), target)
config = Qwen3Config(
    vocab_size=151936,
    hidden_size=64,
    intermediate_size=128,
    num_hidden_layers=2,
    num_attention_heads=2,
    num_key_value_heads=1,
    head_dim=64,
    max_position_embeddings=32768,
    tie_word_embeddings=True,
    bos_token_id=151643,
    eos_token_id=151645,
    pad_token_id=151643,
)
torch.manual_seed(0)
Qwen3ForCausalLM(config).to(torch.bfloat16).save_pretrained(target)
