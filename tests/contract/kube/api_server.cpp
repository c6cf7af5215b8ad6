#include "tests/contract/kube/api_server.hpp"

#include <signal.h>
#include <sys/wait.h>

#include <cstdlib>
#include <fstream>
#include <stdexcept>

#include "adapters/local/pki.hpp"
#include "tests/e2e/support/run.hpp"
#include "tests/support/free_port.hpp"

namespace quorate::kube::test {

std::filesystem::path ApiServer::program() {
    const char* dir = std::getenv("QUORATE_KUBE_DIR");
    if (dir == nullptr) return {};
    for (const auto& part : std::filesystem::directory_iterator(dir))
        if (std::filesystem::exists(part.path() / "kube-apiserver"))
            return part.path() / "kube-apiserver";
    return {};
}

ApiServer::ApiServer() : etcd_({1, etcd::test::Wire::plain, {}}) {
    if (const auto made = local::ensure_pki(path("pki"), {"localhost", "127.0.0.1"}); !made)
        throw std::runtime_error(made.error().what);
    std::ofstream(path("tokens.csv")) << "admin-token,admin,1,\"system:masters\"\n"
                                      << "nobody-token,nobody,2\n";
    for (const char* user : {"admin", "nobody"})
        std::ofstream(path(user)) << user << "-token\n";
    server_ = "https://127.0.0.1:" + std::to_string(quorate::test::free_port());
    start();
}

ApiServer::~ApiServer() {
    go_on();
    kill();
}

void ApiServer::start() {
    const auto pki = path("pki");
    pid_ = e2e::spawn({program(), "--etcd-servers=" + etcd_.at(0).endpoint().client_url,
                       "--bind-address=127.0.0.1",
                       "--advertise-address=192.0.2.1",  // of nobody: nothing is told of it
                       "--endpoint-reconciler-type=none",
                       "--secure-port=" + server_.substr(server_.rfind(':') + 1),
                       "--tls-cert-file=" + (pki / "peer.crt").string(),
                       "--tls-private-key-file=" + (pki / "peer.key").string(),
                       "--client-ca-file=" + (pki / "ca.crt").string(),
                       "--token-auth-file=" + path("tokens.csv").string(),
                       "--authorization-mode=RBAC", "--service-cluster-ip-range=10.96.0.0/16",
                       "--service-account-issuer=https://kubernetes.default.svc",
                       "--service-account-key-file=" + (pki / "peer.crt").string(),
                       "--service-account-signing-key-file=" + (pki / "peer.key").string()},
                      path("apiserver.log"));
    const auto asked = client();
    bool ended = false;
    const auto ready = [&] {
        ended = ::waitpid(pid_, nullptr, WNOHANG) == pid_;
        // Its namespaces are made a moment after it answers.
        const Resource first{"v1", "configmaps", "default", "first"};
        const Json object = {{"apiVersion", "v1"},
                             {"kind", "ConfigMap"},
                             {"metadata", {{"name", first.name}, {"namespace", first.space}}}};
        const auto answer = asked->create(first, object, seconds(1));
        return ended || (answer && (answer->ok() || answer->status == 409));
    };
    if (!e2e::eventually(ready) || ended)
        throw std::runtime_error("kube-apiserver does not get ready:\n" +
                                 e2e::tail_of(path("apiserver.log"), 4'000));
}

Access ApiServer::access(const std::string& user) const {
    return {server_, path("pki") / "ca.crt", path(user.c_str()), {}, {}, "default"};
}

std::shared_ptr<const Client> ApiServer::client(const std::string& user) const {
    auto made = Client::create(access(user));
    if (!made) throw std::runtime_error(made.error().where + ": " + made.error().what);
    return std::move(*made);
}

void ApiServer::pause() {
    ::kill(pid_, SIGSTOP);
    ::waitpid(pid_, nullptr, WUNTRACED);
}
void ApiServer::go_on() { ::kill(pid_, SIGCONT); }

void ApiServer::kill() {
    if (pid_ <= 0) return;
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
    pid_ = 0;
}

ApiServer& shared_server() {
    static ApiServer server;
    return server;
}

std::string fresh_name() {
    static int count = 0;
    return "t" + std::to_string(++count);
}

}  // namespace quorate::kube::test
