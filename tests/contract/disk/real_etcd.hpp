// A real etcd of one member on loopback, and directories to run it in. $QUORATE_ETCD names the
// binary; without it the one in PATH is taken.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "adapters/disk/volume.hpp"

namespace quorate::disk {

// Below /tmp, gone with the object.
class TemporaryDirectory {
  public:
    TemporaryDirectory();
    TemporaryDirectory(const TemporaryDirectory&) = delete;
    TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;
    ~TemporaryDirectory();

    const std::filesystem::path& path() const { return path_; }

  private:
    std::filesystem::path path_;
};

// What etcd says of itself: /v3/maintenance/status.
struct Status {
    MemberId member_id;
    ClusterId cluster_id;
    LogPosition position;
    std::int64_t revision = 0;
};

class RealEtcd {
  public:
    using Flags = std::vector<std::string>;

    // Started on volume.root/etcd, ready and with the cluster version decided: it then writes
    // nothing of its own accord.
    explicit RealEtcd(const Volume& volume, const Flags& flags = {});
    RealEtcd(const RealEtcd&) = delete;
    RealEtcd& operator=(const RealEtcd&) = delete;
    ~RealEtcd();

    Status status() const;

    // False when it was not acknowledged.
    bool put(const std::string& key, const std::string& value) const;
    void put_many(int count) const;

    void stop(int signal);

  private:
    void start(const Volume& volume, const Flags& flags);
    void await_ready() const;
    bool ended() const;
    std::string request(const std::string& verb, const std::string& path,
                        const std::string& body) const;

    mutable pid_t pid_ = -1;
    std::uint16_t client_port_ = 0;
};

}  // namespace quorate::disk
