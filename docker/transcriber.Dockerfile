# vLLM with what reads sound. vLLM's own image leaves it out on purpose, and answers 400 to every file.
FROM vllm/vllm-openai:v0.33.0
# What vllm[audio] asks for, by name: it asks for no versions of them, and would be another image each time that it is built.
RUN uv pip install --system --no-cache av==18.1.0 soundfile==0.14.0 soxr==1.1.0 scipy==1.17.1
