# Sourced: the control plane and the network all nodes hang on. It lives in a network namespace of
# its own, named as the cluster, which is also the nodes' router:
#   10.200.0.0/24   the bridge "nodes": the API server at .1, node N at .10 + N
#   10.244.N.0/24   the pods of node N
#   10.96.0.0/16    services; those of the API and of DNS are addresses of this namespace, so pods
#                   reach them even where kube-proxy does not work

api_address=10.200.0.1
dns_address=10.96.0.10
service_api_address=10.96.0.1
# Where DNS, and nobody else, asks the API server.
dns_api_address=127.0.0.1

in_plane() {
    # Not `ip netns exec`: it mounts a new /sys, without the cgroups below it.
    nsenter --net="/run/netns/$cluster" "$@"
}

# For what a person or a test runs: the cluster's own kubectl and helm, as administrator, past any proxy.
use_cluster() {
    export KUBECONFIG=$home/pki/admin.kubeconfig QUORATE_KUBE_HOME=$home NO_PROXY='*' no_proxy='*'
    export PATH=$home/programs/kubernetes:$home/programs/helm:$PATH
}

# Wrapped around a program: names are resolved by the cluster, and for it alone. Nodes that are started
# from there make their namespaces below /run/netns, which everybody must see: only the mount that
# resolv.conf lies on stops to be shared.
# shellcheck disable=SC2016
with_names=(unshare --mount --propagation unchanged -- bash -c '
file=$(realpath /etc/resolv.conf)
mount --make-private "$(findmnt --noheadings --first-only --output TARGET --target "$file")"
mount --bind "$0" "$file"
exec "$@"' "$home/resolv.conf")

kubectl() (
    use_cluster
    in_plane kubectl "$@"
)

make_key() {
    openssl ecparam -name prime256v1 -genkey -noout -out "$1"
}

# certificate NAME SUBJECT [SUBJECT_ALTERNATIVE_NAMES] [API_ADDRESS]: key, certificate and a kubeconfig with both.
# A random serial number: openssl's own counter is a file that two at once break.
certificate() {
    local pki=$home/pki name=$1 subject=$2 names=${3-} api=${4:-$api_address}
    make_key "$pki/$name.key"
    openssl req -new -key "$pki/$name.key" -subj "$subject" -out "$pki/$name.csr"
    printf '%s\n' extendedKeyUsage=serverAuth,clientAuth ${names:+"subjectAltName=$names"} >"$pki/$name.ext"
    openssl x509 -req -in "$pki/$name.csr" -CA "$pki/ca.crt" -CAkey "$pki/ca.key" -days 30 \
        -set_serial "0x$(openssl rand -hex 8)" -extfile "$pki/$name.ext" -out "$pki/$name.crt" 2>/dev/null
    cat >"$pki/$name.kubeconfig" <<END
apiVersion: v1
kind: Config
current-context: quorate
contexts: [{name: quorate, context: {cluster: quorate, user: quorate}}]
clusters:
- name: quorate
  cluster:
    server: https://$api
    certificate-authority-data: $(base64 --wrap=0 "$pki/ca.crt")
users:
- name: quorate
  user:
    client-certificate-data: $(base64 --wrap=0 "$pki/$name.crt")
    client-key-data: $(base64 --wrap=0 "$pki/$name.key")
END
}

make_pki() {
    local pki=$home/pki
    make_key "$pki/ca.key"
    openssl req -x509 -new -key "$pki/ca.key" -subj /CN=quorate-kube -days 30 -out "$pki/ca.crt"
    make_key "$pki/service-accounts.key"
    openssl pkey -in "$pki/service-accounts.key" -pubout -out "$pki/service-accounts.pub"
    certificate apiserver /CN=kube-apiserver \
        "DNS:kubernetes,DNS:kubernetes.default,DNS:kubernetes.default.svc,DNS:kubernetes.default.svc.cluster.local,IP:$dns_api_address,IP:$service_api_address,IP:$api_address"
    certificate admin /O=system:masters/CN=admin
    certificate dns /O=system:masters/CN=dns "" "$dns_api_address"
    certificate controllers /CN=system:kube-controller-manager
    certificate scheduler /CN=system:kube-scheduler
    certificate proxy /CN=system:kube-proxy
}

make_plane_network() {
    ip netns add "$cluster"
    in_plane ip link set lo up
    in_plane ip addr add "$service_api_address/32" dev lo
    in_plane ip addr add "$dns_address/32" dev lo
    in_plane ip link add nodes type bridge
    in_plane ip addr add "$api_address/24" dev nodes
    in_plane ip link set nodes up
    in_plane sysctl --quiet --write net.ipv4.ip_forward=1
}

api_is_ready() {
    kubectl get --raw /readyz --request-timeout=2s
}

await_api() {
    await 60 "the API server was not ready" api_is_ready
}

# What pods ask of the API, and nobody else: tests and benchmarks read it.
write_audit_policy() {
    cat >"$home/audit-policy.yaml" <<END
apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: [RequestReceived]
rules:
- {level: None, userGroups: ["system:serviceaccounts:kube-system"]}
- {level: Metadata, userGroups: ["system:serviceaccounts"]}
- {level: None}
END
}

define_plane() {
    local programs=$home/programs/kubernetes pki=$home/pki credentials
    write_audit_policy
    define etcd nsenter --net="/run/netns/$cluster" etcd --data-dir "$home/etcd" \
        --listen-client-urls http://127.0.0.1:2379 --advertise-client-urls http://127.0.0.1:2379 \
        --listen-peer-urls http://127.0.0.1:2380

    # Port 443: pods that ask for the service `kubernetes` need no translation of ports then.
    define apiserver nsenter --net="/run/netns/$cluster" "$programs/kube-apiserver" \
        --etcd-servers=http://127.0.0.1:2379 --bind-address=0.0.0.0 --secure-port=443 \
        --advertise-address="$api_address" --endpoint-reconciler-type=master-count \
        --service-cluster-ip-range=10.96.0.0/16 --authorization-mode=Node,RBAC --allow-privileged=true \
        --client-ca-file="$pki/ca.crt" --tls-cert-file="$pki/apiserver.crt" --tls-private-key-file="$pki/apiserver.key" \
        --service-account-issuer=https://kubernetes.default.svc.cluster.local \
        --service-account-key-file="$pki/service-accounts.pub" \
        --service-account-signing-key-file="$pki/service-accounts.key" \
        --kubelet-client-certificate="$pki/admin.crt" --kubelet-client-key="$pki/admin.key" \
        --kubelet-preferred-address-types=InternalIP \
        --audit-policy-file="$home/audit-policy.yaml" --audit-log-path="$home/audit.log"

    # A dead node is noticed after 10 s instead of 40: tests wait for it.
    credentials=$pki/controllers.kubeconfig
    define controllers nsenter --net="/run/netns/$cluster" "$programs/kube-controller-manager" \
        --kubeconfig="$credentials" --authentication-kubeconfig="$credentials" --authorization-kubeconfig="$credentials" \
        --bind-address=127.0.0.1 --leader-elect=false --use-service-account-credentials=true \
        --service-account-private-key-file="$pki/service-accounts.key" --root-ca-file="$pki/ca.crt" \
        --pvclaimbinder-sync-period=1s --node-monitor-period=1s --node-monitor-grace-period=10s

    # It may miss that a claim was bound while it looked at the pod, and asks again only after 5 minutes.
    credentials=$pki/scheduler.kubeconfig
    define scheduler nsenter --net="/run/netns/$cluster" "$programs/kube-scheduler" \
        --kubeconfig="$credentials" --authentication-kubeconfig="$credentials" --authorization-kubeconfig="$credentials" \
        --bind-address=127.0.0.1 --leader-elect=false --pod-max-in-unschedulable-pods-duration=10s

    cat >"$home/Corefile" <<END
.:53 {
    bind $dns_address
    errors
    ready $dns_address:8181
    kubernetes cluster.local in-addr.arpa {
        kubeconfig $pki/dns.kubeconfig
        pods insecure
        ttl 1
    }
}
END
    printf 'nameserver %s\nsearch svc.cluster.local cluster.local\n' "$dns_address" >"$home/resolv.conf"
    define dns nsenter --net="/run/netns/$cluster" "$home/programs/coredns/coredns" -conf "$home/Corefile"
    define volumes nsenter --net="/run/netns/$cluster" "$root/tools/kube/volumes" "$home"
}

start_plane() {
    make_pki
    make_plane_network
    define_plane
    start etcd
    start apiserver
    await_api
    start controllers
    start scheduler
    start dns
    start volumes
    kubectl apply --filename "$root/tools/kube/storage-classes.yaml" >/dev/null
}

# Dropped, not refused: what DNS knows stays as it is, and it takes a while to find out.
dns_is_cut() {
    in_plane iptables --check OUTPUT --destination "$dns_api_address" --protocol tcp "$1" 443 --jump DROP 2>/dev/null
}

cut_dns() {
    local port
    for port in --dport --sport; do
        dns_is_cut "$port" || in_plane iptables --append OUTPUT --destination "$dns_api_address" --protocol tcp "$port" 443 --jump DROP
    done
}

heal_dns() {
    local port
    for port in --dport --sport; do
        ! dns_is_cut "$port" || in_plane iptables --delete OUTPUT --destination "$dns_api_address" --protocol tcp "$port" 443 --jump DROP
    done
}

# The host's store is copied while it runs, as a backup of a real one would be.
save_host_etcd() {
    local file=$1
    ! is_gone etcd || die "the host's etcd does not run: host-etcd-start first"
    ETCDCTL_API=3 in_plane etcdctl --endpoints=http://127.0.0.1:2379 snapshot save "$file" >"$home/log/save.log" 2>&1 ||
        die "the host's etcd was not copied to $file; why: $home/log/save.log"
}

# The API server goes down with its store: its caches would tell of what is no longer there.
# Controllers, scheduler and kubelets live on with theirs, as they do when this happens to somebody.
restore_host_etcd() {
    local file=$1
    [[ -r $file ]] || die "no file $file that can be read"
    rm -rf "$home/etcd.restored"
    ETCDCTL_API=3 etcdctl snapshot restore "$file" --data-dir "$home/etcd.restored" >"$home/log/restore.log" 2>&1 ||
        die "$file is no copy that host-etcd-save made; why: $home/log/restore.log"
    stop apiserver
    stop etcd
    rm -rf "$home/etcd"
    mv "$home/etcd.restored" "$home/etcd"
    start etcd
    start apiserver
    await_api
}
