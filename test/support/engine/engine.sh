#!/bin/sh
# engine.sh DIR: a private Docker engine that keeps everything in DIR, and lives until our standard input ends.
# PATH has the engine's programs. Says "ready" once it answers and has run a container. Exit code 77: none can run here, with the reason.
# The end of standard input comes with any end of the test that started us; then all of it goes, containers, mounts and DIR.
D=$1
sock=$D/s
export DOCKER_HOST="unix://$sock"

say() { echo "$*" 2>/dev/null || :; }
skip() { down; say "SKIP: $*"; exit 77; }

alive() { kill -0 "$1" 2>/dev/null; }

# Processes of this engine are known by DIR in their arguments: dockerd, containerd, and a shim for each container.
ours() {
  for p in /proc/[0-9]*; do
    [ "${p#/proc/}" = $$ ] || grep -qaF -e "$D/" "$p/cmdline" 2>/dev/null && echo "${p#/proc/}"
  done
}

down() {
  trap '' INT TERM HUP PIPE
  if [ -n "$engine" ] && alive "$engine"; then
    left=$(timeout 5 docker ps -aq 2>/dev/null) && [ -n "$left" ] && timeout 20 docker rm -f $left >/dev/null 2>&1
    timeout 5 docker network prune -f >/dev/null 2>&1
    kill "$engine"
    for i in $(seq 100); do alive "$engine" || break; sleep 0.1; done
  fi
  # What an engine leaves that was killed. Their first process ends a container; only then the shims.
  for list in $(find /sys/fs/cgroup -path "*/$(basename "$D")/*" -name cgroup.procs 2>/dev/null); do
    kill -9 $(cat "$list") 2>/dev/null
  done
  kill -9 $(ours | grep -vx $$) 2>/dev/null
  for m in $(awk -v d="$D/" 'index($2, d) == 1 { print $2 }' /proc/mounts | sort -r); do umount -l "$m"; done
  find /sys/fs/cgroup -depth -type d \( -path "*/$(basename "$D")/*" -o -name "$(basename "$D")" \) -exec rmdir {} \; 2>/dev/null
  rm -rf "$D"
}

[ "$(id -u)" = 0 ] || skip "an engine of its own needs root"
[ -d /sys/fs/cgroup ] || skip "there are no control groups"
grep -qw overlay /proc/filesystems && storage=overlay2 || storage=vfs

# The hook that gives a container its GPUs, as one that does nothing: reservations can be started without any.
if [ -n "$WITH_GPU_HOOK" ]; then
  mkdir -p "$D/hook"
  printf '#!/bin/sh\ncat >/dev/null\n' >"$D/hook/nvidia-container-runtime-hook"
  chmod +x "$D/hook/nvidia-container-runtime-hook"
  PATH=$D/hook:$PATH
fi

setsid dockerd --data-root "$D/data" --exec-root "$D/exec" --pidfile "$D/pid" -H "$DOCKER_HOST" \
  --storage-driver=$storage --cgroup-parent="/$(basename "$D")" \
  --bridge=none --iptables=false --ip6tables=false --ip-forward=false --ip-masq=false \
  >"$D/log" 2>&1 </dev/null &
engine=$!
trap 'down; exit 1' INT TERM HUP
for i in $(seq 200); do
  [ -S "$sock" ] && docker version >/dev/null 2>&1 && break
  alive $engine || skip "the engine does not start: $(grep -E 'fatal|failed to start' "$D/log" | tail -1)"
  sleep 0.1
done

mkdir -p "$D/probe/bin" && cp "$(command -v busybox)" "$D/probe/bin/"
tar c -C "$D/probe" . | docker import - probe:1 >/dev/null
said=$(docker run --rm --network none probe:1 /bin/busybox echo ok 2>"$D/probe.err")
[ "$said" = ok ] || skip "a container does not start: $(tail -1 "$D/probe.err")"
docker rmi probe:1 >/dev/null

say ready
cat >/dev/null
down
