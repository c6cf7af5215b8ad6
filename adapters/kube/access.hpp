// How the API server of the host cluster is reached: as a pod by its service account, or as a
// person by a kubeconfig.
#pragma once

#include <filesystem>
#include <string>

#include "adapters/base/result.hpp"

namespace quorate::kube {

struct Access {
    std::string server;  // https://HOST:PORT, without a trailing slash
    std::filesystem::path ca;
    // One of two: a token, read anew for every call, as the kubelet renews it hourly; or a
    // certificate.
    std::filesystem::path token;
    std::filesystem::path certificate;
    std::filesystem::path key;
    std::string space;  // the namespace of the pod, or of the kubeconfig's context
};

// By KUBERNETES_SERVICE_HOST, KUBERNETES_SERVICE_PORT and the files that every pod gets. Refused
// outside a pod.
Result<Access> in_cluster();

}  // namespace quorate::kube
