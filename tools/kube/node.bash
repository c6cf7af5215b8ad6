# Sourced: nodes. Node N is a network namespace CLUSTER-nodeN with one cable to the plane's bridge, and
# in it one process that is number 1 of a process and a mount namespace of its own (node-init). So
# a node dies as one does that loses its power: killing that process kills all of it, down to the last
# container, and its mounts go with it; and all that kubelets and containerd leave on a machine stays in
# the node's directory.

nodes() {
    local dir
    for dir in "$home"/node*/; do [[ -d $dir ]] && basename "$dir"; done | sort --version-sort
}

# node1, or an error that tells which there are.
check_node() {
    [[ -n ${1-} && -d $home/$1 && $1 == node* ]] || die "no node ${1:-named}; there are: $(nodes | paste -sd' ')"
}

node_number() {
    echo "${1#node}"
}

is_running() {
    pid_of "$1-init" >/dev/null
}

in_node() {
    local pid node=$1
    shift
    pid=$(pid_of "$node-init") || die "$node does not run"
    nsenter --target "$pid" --mount --pid --net -- "$@"
}

make_node_network() {
    local node=$1 number netns
    number=$(node_number "$node")
    netns=$cluster-$node
    ip netns add "$netns"
    # The same card each time, or the others keep calling the one that is gone.
    in_plane ip link add "$node" type veth peer name eth0 netns "$netns" \
        address "$(printf '02:00:00:00:00:%02x' "$number")"
    in_plane ip link set "$node" master nodes up
    in_plane ip route replace "10.244.$number.0/24" via "10.200.0.$((10 + number))"
    nsenter --net="/run/netns/$netns" ip link set lo up
    nsenter --net="/run/netns/$netns" ip addr add "10.200.0.$((10 + number))/24" dev eth0
    nsenter --net="/run/netns/$netns" ip link set eth0 up
    nsenter --net="/run/netns/$netns" ip route add default via "$api_address"
    nsenter --net="/run/netns/$netns" sysctl --quiet --write net.ipv4.ip_forward=1
}

# Where a control group of that name is in each hierarchy: many with version 1, one with version 2.
cgroups_named() {
    local hierarchy
    for hierarchy in $(findmnt --noheadings --raw --types cgroup,cgroup2 --output TARGET); do
        echo "$hierarchy/$1"
    done
}

# The kubelet wants its root group in every hierarchy beforehand, and an empty cpuset lets nobody run.
make_node_cgroups() {
    local group parent name
    for group in $(cgroups_named "$cluster-$1"); do
        parent=${group%/*}
        mkdir -p "$group"
        for name in cpuset.cpus cpuset.mems; do
            [[ ! -e $parent/$name || ! -e $group/$name ]] || cat "$parent/$name" >"$group/$name"
        done
        if [[ -e $parent/cgroup.subtree_control ]]; then
            for name in $(<"$parent/cgroup.controllers"); do
                echo "+$name" >"$parent/cgroup.subtree_control"
                echo "+$name" >"$group/cgroup.subtree_control"
            done
        fi
    done
}

remove_tree_of_cgroups() {
    find "$1" -depth -type d -exec rmdir {} + 2>/dev/null || true
    [[ ! -d $1 ]]
}

# A group can be removed a moment after its last process was reaped, not before.
remove_node_cgroups() {
    local group
    for group in $(cgroups_named "$cluster-$1"); do
        [[ ! -d $group ]] || await 10 "$group is still in use" remove_tree_of_cgroups "$group"
    done
}

# The paths are those that the node sees (node-init).
configure_node() {
    local node=$1 number dir=$home/$1
    number=$(node_number "$node")
    mkdir -p "$dir"/{etc/cni,lib,log,tmp}
    certificate "$node" "/O=system:nodes/CN=system:node:$node"
    cp "$home/pki/ca.crt" "$home/pki/proxy.kubeconfig" "$dir/etc/"
    cp "$home/pki/$node.kubeconfig" "$dir/etc/kubelet.kubeconfig"
    : >"$dir/etc/resolv.conf"
    cat >"$dir/etc/cni/10-pods.conflist" <<END
{"cniVersion": "0.4.0", "name": "pods", "plugins": [{
  "type": "bridge", "bridge": "cni0", "isGateway": true, "hairpinMode": true,
  "ipam": {"type": "host-local", "ranges": [[{"subnet": "10.244.$number.0/24"}]], "routes": [{"dst": "0.0.0.0/0"}]}}]}
END
    # restrict_oom_score_adj: machines that are guests often lack CAP_SYS_RESOURCE, and without it
    # runc fails to make any sandbox ("can't get final child's PID from pipe").
    cat >"$dir/etc/containerd.toml" <<END
version = 2
[plugins."io.containerd.internal.v1.opt"]
  path = "/var/lib/containerd/opt"
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "localhost/pause:1"
  restrict_oom_score_adj = true
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "/usr/lib/cni"
    conf_dir = "/run/quorate/etc/cni"
END
    # Full disks and file systems belong to this machine, so no pod is evicted for them. Containers
    # that die are started again within a second, not after ten that double: tests wait for it.
    cat >"$dir/etc/kubelet.yaml" <<END
apiVersion: kubelet.config.k8s.io/v1beta1
kind: KubeletConfiguration
authentication:
  anonymous: {enabled: false}
  webhook: {enabled: false}
  x509: {clientCAFile: /run/quorate/etc/ca.crt}
authorization: {mode: AlwaysAllow}
cgroupDriver: cgroupfs
cgroupRoot: /$cluster-$node
clusterDNS: ["$dns_address"]
clusterDomain: cluster.local
containerRuntimeEndpoint: unix:///run/containerd/containerd.sock
crashLoopBackOff: {maxContainerRestartPeriod: 1s}
evictionHard:
  memory.available: 0%
  nodefs.available: 0%
  nodefs.inodesFree: 0%
  imagefs.available: 0%
  imagefs.inodesFree: 0%
failCgroupV1: false
failSwapOn: false
featureGates: {KubeletCrashLoopBackOffMax: true}
imageGCHighThresholdPercent: 100
nodeLeaseDurationSeconds: 8
nodeStatusUpdateFrequency: 2s
resolvConf: /run/quorate/etc/resolv.conf
END
    cat >"$dir/etc/proxy.yaml" <<END
apiVersion: kubeproxy.config.k8s.io/v1alpha1
kind: KubeProxyConfiguration
mode: iptables
clusterCIDR: 10.244.0.0/16
hostnameOverride: $node
clientConnection: {kubeconfig: /run/quorate/etc/proxy.kubeconfig}
conntrack: {maxPerCore: 0, min: 0}
iptables: {minSyncPeriod: 100ms}
END
    define "$node" nsenter --net="/run/netns/$cluster-$node" \
        unshare --mount --propagation slave --pid --fork --kill-child \
        "$root/tools/kube/node-init" "$home" "$node" "10.200.0.$((10 + number))"
}

start_node() {
    rm -f "$home/pids/$1-init"
    make_node_network "$1"
    make_node_cgroups "$1"
    start "$1"
    await 10 "$1 did not start" test -e "$home/pids/$1-init"
}

# Firewall, bridges, routes and control groups of a machine do not outlive its power either. A kubelet
# that finds groups without containers spends three seconds on each before it is ready.
stop_node() {
    stop "$1-init"
    stop "$1"
    remove_netns "$cluster-$1"
    remove_node_cgroups "$1"
}

netns_is_empty() {
    local pids
    pids=$(ip netns pids "$1")
    [[ -z $pids ]] || kill -KILL $pids 2>/dev/null || true
    [[ -z $pids ]]
}

# Whoever still is in there is ours: nobody enters a network namespace by accident.
remove_netns() {
    [[ -e /run/netns/$1 ]] || return 0
    await 10 "processes are left in the network namespace $1" netns_is_empty "$1"
    ip netns delete "$1"
}

# import_image ARCHIVE: to every node at the same time.
import_image() {
    local archive=$1 node pids=() pid failed=false
    [[ -r $archive ]] || die "no archive $archive that can be read"
    for node in $(nodes); do is_running "$node" || die "$node does not run: node-start it first"; done
    for node in $(nodes); do
        in_node "$node" ctr --namespace k8s.io images import - <"$archive" >"$home/log/import-$node.log" 2>&1 &
        pids+=($!)
    done
    for pid in "${pids[@]}"; do wait "$pid" || failed=true; done
    ! $failed || die "$archive was not imported: $(tail --quiet --lines=1 "$home"/log/import-*.log | head -n 1)"
}

# container_pid POD NODE: this machine's number of the first process of the pod's first container. POD
# may be NAMESPACE/POD. containerd knows the node's number of it, which is the second in NSpid.
container_pid() {
    local pod=$1 node=$2 namespace=default id wanted pid numbers
    [[ $pod != */* ]] || { namespace=${pod%/*} pod=${pod#*/}; }
    id=$(kubectl get pod "$pod" --namespace "$namespace" --output jsonpath='{.status.containerStatuses[0].containerID}')
    id=${id#containerd://}
    [[ -n $id ]] || die "pod $pod has no container yet"
    wanted=$(in_node "$node" ctr --namespace k8s.io tasks list | awk -v id="$id" '$1 == id && $3 == "RUNNING" { print $2 }')
    [[ -n $wanted ]] || die "pod $pod runs no container on $node"
    for pid in $(cat /dev/null $(find $(cgroups_named "$cluster-$node") -path "*/$id/cgroup.procs" 2>/dev/null) | sort --unique); do
        numbers=$(sed -n 's/^NSpid:\t//p' "/proc/$pid/status" 2>/dev/null) || continue
        if [[ $(cut -f2 <<<"$numbers") == "$wanted" ]]; then
            echo "$pid"
            return
        fi
    done
    die "pod $pod has ended on $node just now"
}
