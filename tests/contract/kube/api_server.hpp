// A real kube-apiserver on a free port of 127.0.0.1, over an etcd of its own: the release that
// tools/kube-versions built into QUORATE_KUBE_DIR. Both end with it, and its directory goes too.
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <memory>
#include <string>

#include "adapters/kube/client.hpp"
#include "tests/contract/etcd/cluster.hpp"

namespace quorate::kube::test {

// Why cases that need one are skipped.
inline constexpr const char* no_api_server =
    "no kube-apiserver: run tools/kube-versions ci, and set QUORATE_KUBE_DIR to what "
    "tools/kube-versions --dir says";

class ApiServer {
  public:
    // Where kube-apiserver is; empty: not on this machine.
    static std::filesystem::path program();

    ApiServer();  // returns when it is ready; throws when it does not get so
    ~ApiServer();
    ApiServer(const ApiServer&) = delete;
    ApiServer& operator=(const ApiServer&) = delete;

    // By an administrator, or by one who may nothing.
    Access access(const std::string& user = "admin") const;
    std::shared_ptr<const Client> client(const std::string& user = "admin") const;

    void pause();  // SIGSTOP: it takes connections and answers none
    void go_on();
    void kill();
    void start();  // again, on the same port and data

  private:
    std::filesystem::path path(const char* name) const { return dir_.path() / name; }

    etcd::test::TempDir dir_;
    etcd::test::Cluster etcd_;
    std::string server_;
    pid_t pid_ = 0;
};

// One for the whole program: it takes seconds to start. Tests use names of their own on it.
ApiServer& shared_server();
// A name that no other test of this program has.
std::string fresh_name();

}  // namespace quorate::kube::test
