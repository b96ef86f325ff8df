# The MCP server, around dist/ as `npm run build` has made it.
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
COPY dist/cli.js dist/THIRD_PARTY_NOTICES.txt dist/
ENV NODE_ENV=production CODEBASE_ROOT=/codebase CONCLAVE_DATA=/data
USER node
WORKDIR /codebase
EXPOSE 9001
# In a container it has to listen to its network; the compose file opens the port to this machine alone.
CMD ["node", "/opt/conclave/dist/cli.js", "serve", "--host", "0.0.0.0", "--mcp-port", "9001"]
