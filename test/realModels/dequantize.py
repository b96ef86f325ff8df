"""dequantize.py GGUF FOLDER: the same weights in bfloat16 with their tokenizer, as vLLM loads them."""
import os
import sys

os.environ['HF_HUB_OFFLINE'] = '1'

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

source, target = sys.argv[1:3]
folder, name = os.path.split(source)
tokenizer = AutoTokenizer.from_pretrained(folder, gguf_file=name)
model = AutoModelForCausalLM.from_pretrained(folder, gguf_file=name, dtype=torch.float32).to(torch.bfloat16)
# They are not quantized any more; what says that they are would be saved with them.
model.hf_quantizer = None
model.is_quantized = False
if hasattr(model.config, 'quantization_config'):
    del model.config.quantization_config
model.save_pretrained(target)
tokenizer.save_pretrained(target)
