# vLLM with what reads sound. vLLM's own image leaves it out on purpose, and answers 400 to every file.
FROM vllm/vllm-openai:v0.33.0
RUN uv pip install --system --no-cache av soundfile soxr scipy
