#include "adapters/kube/access.hpp"

#include <cstdlib>
#include <fstream>
#include <sstream>

namespace quorate::kube {
namespace {

const std::filesystem::path account = "/var/run/secrets/kubernetes.io/serviceaccount";

std::string variable(const char* name) {
    const char* value = std::getenv(name);
    return value == nullptr ? "" : value;
}

}  // namespace

Result<Access> in_cluster() {
    std::string host = variable("KUBERNETES_SERVICE_HOST");
    const std::string port = variable("KUBERNETES_SERVICE_PORT");
    if (host.empty() || port.empty())
        return refused("is not set; run it in a pod, whose kubelet sets it",
                       "KUBERNETES_SERVICE_HOST");
    if (host.find(':') != std::string::npos) host = "[" + host + "]";
    std::ifstream space(account / "namespace");
    std::stringstream text;
    text << space.rdbuf();
    if (!space || text.str().empty())
        return refused("cannot be read; set automountServiceAccountToken to true",
                       account / "namespace");
    return Access{
        "https://" + host + ":" + port, account / "ca.crt", account / "token", {}, {}, text.str()};
}

}  // namespace quorate::kube
