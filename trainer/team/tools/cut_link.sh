#!/bin/sh
# What happens when the link between two machines is cut. Needs root: two network namespaces with host names of their
# own stand for the machines.   sh trainer/team/tools/cut_link.sh mpich|openmpi BUN
# Two ranks train over TCP until two steps are done; then the link goes down. The job must end within the deadline of
# 10 s and 5 s more, with one sentence, and no process may be left. MPI comes from .cache, where the tests unpack it.
set -eu
kind=$1 bun=$2
cd "$(dirname "$0")/../../.."
deadline=10 work=$(mktemp -d) root=$PWD/.cache/$kind
cleanup() {
  for pid in $(ip netns pids ghpo-a) $(ip netns pids ghpo-b); do kill -9 "$pid"; done 2> /dev/null
  ip netns del ghpo-a; ip netns del ghpo-b; rm -r "$work"
}
ip netns add ghpo-a; ip netns add ghpo-b
trap cleanup EXIT
ip link add va netns ghpo-a type veth peer name vb netns ghpo-b
ip -n ghpo-a addr add 10.9.0.1/24 dev va; ip -n ghpo-b addr add 10.9.0.2/24 dev vb
for end in "a va" "a lo" "b vb" "b lo"; do ip -n "ghpo-${end% *}" link set "${end#* }" up; done

# What ssh would do: a command on the machine with an address.
cat > "$work/agent" << 'AGENT'
#!/bin/sh
case $1 in *.1) machine=ghpo-a ;; *) machine=ghpo-b ;; esac
shift
exec ip netns exec $machine unshare -u sh -c "hostname $machine; $*"
AGENT
chmod +x "$work/agent"

libraries=$(find "$root" -name '*.so*' -not -path '*/ucx/*' -not -path '*ibverbs/*' -exec dirname {} \; | sort -u | tr '\n' ':')
export LD_LIBRARY_PATH="$libraries${LD_LIBRARY_PATH-}" PATH="$root/usr/bin:$PATH" XDG_RUNTIME_DIR=/tmp
case $kind in
  mpich)
    export UCX_TLS=tcp,self # neither shared memory nor what goes around the link
    set -- mpiexec.hydra -launcher rsh -launcher-exec "$work/agent" -hosts 10.9.0.1,10.9.0.2 -localhost 10.9.0.1 -genvall ;;
  *)
    export OPAL_PREFIX="$root/usr" OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
    set -- mpirun.openmpi --mca plm_rsh_agent "$work/agent" --mca btl tcp,self --mca pml ob1 \
      --mca btl_tcp_if_include 10.9.0.0/24 --mca oob_tcp_if_include 10.9.0.0/24 --bind-to none \
      -x LD_LIBRARY_PATH -x OPAL_PREFIX -x VK_DRIVER_FILES --host 10.9.0.1:1,10.9.0.2:1 ;;
esac
ip netns exec ghpo-a unshare -u sh -c 'hostname ghpo-a; exec "$@"' sh "$@" -n 2 "$bun" trainer/main.ts train demo \
  --output_dir "$work/run" --quiet --train.shards 2 --train.max_steps 1000 --train.prompts_per_step 4 \
  --generation.num_generations 4 --generation.max_completion_length 24 --eval.eval_every 0 \
  --ghpo.cold_start_steps 0 --checkpoint.save_every 1 --deadline $deadline > "$work/log" 2>&1 &
job=$!
until [ "$(cat "$work/run/metrics.jsonl" 2> /dev/null | wc -l)" -ge 2 ]; do
  kill -0 $job 2> /dev/null || { cat "$work/log"; exit 1; }
  sleep 0.1
done
ip -n ghpo-a link set va down
cut=$(date +%s%N)
wait $job || true
left=start
while [ -n "$left" ]; do
  left="$(ip netns pids ghpo-a)$(ip netns pids ghpo-b)"
  [ $(($(date +%s%N) - cut)) -lt 60000000000 ] || break
  sleep 0.1
done
milliseconds=$((($(date +%s%N) - cut) / 1000000))
tr -d '\000\r' < "$work/log" | grep 'error: '
echo "$kind: all ended after $milliseconds ms${left:+, but for $left}; checkpoints $(ls "$work/run/checkpoints" | tr '\n' ' ')"
[ $milliseconds -le $((deadline * 1000 + 5000)) ]
