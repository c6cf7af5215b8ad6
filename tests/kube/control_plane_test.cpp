// Quorate, etcd and a real kube-apiserver in each pod: a small virtual cluster with kubectl as its
// client.
#include <signal.h>

#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <mutex>
#include <thread>

#include "tests/kube/support/lifecycle.hpp"

namespace quorate::kube_e2e {
namespace fs = std::filesystem;
namespace {

constexpr const char* token = "a-token-of-this-test-alone";

std::string variable(const char* name) {
    const char* value = std::getenv(name);
    return value == nullptr ? "" : value;
}

struct VirtualCluster : Lifecycle {
    static constexpr int replicas = 3;  // that there are at most

    void install_virtual_cluster(int count = replicas) {
        import_image(
            "localhost/quorate-with-apiserver:test",
            {"--with", variable("QUORATE_KUBE_HOME") + "/programs/kubernetes/kube-apiserver"});
        const Words command{"kube-apiserver",
                            "--etcd-servers=https://127.0.0.1:2379",
                            "--etcd-cafile=/data/pki/etcd/ca.crt",
                            "--etcd-certfile=/data/pki/etcd/client.crt",
                            "--etcd-keyfile=/data/pki/etcd/client.key",
                            "--advertise-address=$(POD_IP)",
                            "--secure-port=8443",
                            "--cert-dir=/tmp/apiserver",
                            "--service-cluster-ip-range=10.111.0.0/24",
                            "--service-account-issuer=https://virtual.local",
                            "--service-account-key-file=/etc/api/accounts.key",
                            "--service-account-signing-key-file=/etc/api/accounts.key",
                            "--token-auth-file=/etc/api/tokens.csv",
                            "--authorization-mode=RBAC"};
        const std::string persistence = "controlPlane.statefulSet.persistence.";
        Words set{"quorate.image.repository=quorate-with-apiserver",
                  "quorate.image.tag=test",
                  "quorate.controlPlane.env[0].name=FOR_IT",
                  "quorate.controlPlane.env[0].value=yes",
                  "controlPlane.statefulSet.env[0].name=NOT_FOR_IT",
                  "controlPlane.statefulSet.env[0].value=hidden",
                  "quorate.controlPlane.ports[0].name=api",
                  "quorate.controlPlane.ports[0].port=8443",
                  persistence + "addVolumes[0].name=api",
                  persistence + "addVolumes[0].secret.secretName=api",
                  persistence + "addVolumeMounts[0].name=api",
                  persistence + "addVolumeMounts[0].mountPath=/etc/api"};
        for (std::size_t i = 0; i < command.size(); ++i)
            set.push_back("quorate.controlPlane.command[" + std::to_string(i) + "]=" + command[i]);
        install({.replicas = count, .set = set});
        const Ran key = e2e::run({"openssl", "genrsa", "2048"});
        ASSERT_EQ(key.status, 0) << key.err;
        // The pods wait for it.
        cluster().must_kubectl(
            {"create", "secret", "generic", "api", "--from-literal=accounts.key=" + key.out,
             "--from-literal=tokens.csv=" + (std::string(token) + ",admin,admin,system:masters")});
        cluster().await_steady(count);
        for (int i = 0; i < count; ++i)
            await_serving(i);
    }

    // kubectl as a user of the virtual cluster has it, through one of its replicas.
    Ran virtual_kubectl(int ordinal, Words words) {
        const std::string host = "q-" + std::to_string(ordinal) + ".q-headless." +
                                 cluster().space() + ".svc.cluster.local";
        words.insert(words.begin(), {"--kubeconfig=/dev/null", "--server=https://" + host + ":8443",
                                     "--insecure-skip-tls-verify", "--request-timeout=10s",
                                     std::string("--token=") + token});
        return kube_e2e::kubectl(words);
    }
    void await_serving(int ordinal) {
        cluster().await("the API server of replica " + std::to_string(ordinal), [&] {
            return virtual_kubectl(ordinal, {"get", "--raw", "/readyz"}).out == "ok";
        });
    }
};

// Creates objects one after the other, through whichever replica answers.
class Creator {
  public:
    explicit Creator(VirtualCluster& cluster) : cluster_(cluster), thread_([this] { create(); }) {}
    ~Creator() { stop(); }

    void stop() {
        done_ = true;
        if (thread_.joinable()) thread_.join();
    }
    std::vector<std::string> acknowledged() const {
        const std::lock_guard guard(mutex_);
        return acknowledged_;
    }
    bool goes_on() const {
        const std::size_t before = acknowledged().size();
        return eventually([&] { return acknowledged().size() > before + 2; });
    }

  private:
    void create() {
        for (int i = 0; !done_; ++i) {
            const std::string name = "item-" + std::to_string(i);
            const Ran ran = cluster_.virtual_kubectl(i % VirtualCluster::replicas,
                                                     {"create", "configmap", name});
            if (ran.status != 0) continue;
            const std::lock_guard guard(mutex_);
            acknowledged_.push_back(name);
        }
    }

    VirtualCluster& cluster_;
    std::atomic<bool> done_ = false;
    mutable std::mutex mutex_;
    std::vector<std::string> acknowledged_;
    std::thread thread_;
};

// Of what the pod knows it sees what is meant for it.
TEST_F(VirtualCluster, SeesOfThePodWhatIsMeantForIt) {
    install_virtual_cluster(1);
    const std::string environment = e2e::text_of(
        "/proc/" + std::to_string(cluster().process_in(0, "kube-apiserver")) + "/environ");
    for (const char* variable :
         {"QUORATE_ETCD_ENDPOINT=https://127.0.0.1:2379", "QUORATE_ETCD_CA=/data/pki/etcd/ca.crt",
          "QUORATE_ETCD_CERT=/data/pki/etcd/client.crt",
          "QUORATE_ETCD_KEY=/data/pki/etcd/client.key", "POD_NAME=q-0", "FOR_IT=yes"})
        EXPECT_NE(environment.find(variable), std::string::npos) << variable;
    EXPECT_EQ(environment.find("NOT_FOR_IT"), std::string::npos);
    cluster().must_kubectl(
        {"wait", "--for=condition=quorate/ControlPlane", "pod/q-0", "--timeout=180s"});
    const Json told = cluster().status(0).at("self").at("control_plane");
    EXPECT_EQ(told.at("running"), true) << told;
    EXPECT_EQ(told.at("pid").is_number(), true) << told;
}

TEST_F(VirtualCluster, LosesNothingWhileAPodIsDeletedAndWhileAnApiServerIsKilled) {
    install_virtual_cluster();
    Creator creator(*this);
    ASSERT_TRUE(creator.goes_on()) << cluster().picture();

    const Words ids = cluster().member_ids(replicas);
    const int leader = cluster().leader(replicas);
    const std::string uid = cluster().pod_uid(leader);
    FollowedLog log(cluster(), leader);
    cluster().delete_pod(leader);
    const std::string end = log.until_end();
    const std::size_t stopped = end.find("control plane: stopped, exit status 0");
    EXPECT_NE(stopped, std::string::npos) << end;
    EXPECT_LT(stopped, end.find("etcd has stopped")) << end;
    EXPECT_NE(end.find("exit: asked to stop"), std::string::npos) << end;
    cluster().await("another pod", [&] {
        const std::string now = cluster().pod_uid(leader);
        return !now.empty() && now != uid;
    });
    EXPECT_TRUE(creator.goes_on()) << cluster().picture();
    cluster().await_steady(replicas);
    await_serving(leader);

    const pid_t etcd = cluster().process_in(0, "etcd");
    const pid_t api_server = cluster().process_in(0, "kube-apiserver");
    ASSERT_GT(etcd, 0);
    ASSERT_GT(api_server, 0);
    ASSERT_EQ(::kill(api_server, SIGKILL), 0);
    cluster().await("another API server in the pod", [&] {
        const pid_t now = cluster().process_in(0, "kube-apiserver");
        return now != 0 && now != api_server;
    });
    await_serving(0);
    EXPECT_EQ(cluster().process_in(0, "etcd"), etcd) << "its restart does not touch etcd";
    EXPECT_EQ(cluster().restarts(0), 0);
    EXPECT_NE(cluster().logs(0).find("control plane: ended by itself, signal 9"),
              std::string::npos);
    EXPECT_TRUE(creator.goes_on()) << cluster().picture();
    creator.stop();

    EXPECT_EQ(cluster().member_ids(replicas), ids);
    for (int i = 0; i < replicas; ++i) {
        const Ran listed = virtual_kubectl(i, {"get", "configmaps", "--output", "name"});
        ASSERT_EQ(listed.status, 0) << listed.err;
        for (const std::string& name : creator.acknowledged())
            EXPECT_NE(listed.out.find("configmap/" + name + "\n"), std::string::npos)
                << name << " through replica " << i;
    }
    expect_epoch_one();
}

}  // namespace
}  // namespace quorate::kube_e2e
