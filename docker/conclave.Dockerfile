# Conclave's program, around dist/ as `npm run build` has made it. docker-compose.yml says what it does: the HTTP service, or the MCP server.
FROM node:22.21.1-bookworm-slim
RUN apt-get update \
  && apt-get install -y --no-install-recommends ca-certificates curl git \
  && rm -rf /var/lib/apt/lists/* \
  # The project is mounted, so it belongs to somebody else.
  && git config --system --add safe.directory '*' \
  && mkdir -p /data /codebase && chmod 1777 /data
WORKDIR /opt/conclave
COPY package.json LICENSE ./
COPY prompts prompts
COPY profiles profiles
COPY dist/grammars dist/grammars
COPY dist/cli dist/cli
COPY dist/cli.js dist/indexWorker.js dist/parserWorker.js dist/THIRD_PARTY_NOTICES.txt dist/
ENV NODE_ENV=production CODEBASE_ROOT=/codebase CONCLAVE_DATA=/data
USER node
WORKDIR /codebase
ENTRYPOINT ["node", "/opt/conclave/dist/cli.js"]
