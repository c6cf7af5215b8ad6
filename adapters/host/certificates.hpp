// Certificates are renewed while they are used: etcd reads its files at each handshake [v3.5.35
// client/pkg/transport/listener.go, GetCertificate], agents look for new ones
// (base/file_stamps.hpp).
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "adapters/base/result.hpp"
#include "adapters/host/tasks.hpp"
#include "adapters/log/log.hpp"
#include "core/base/ids.hpp"
#include "core/base/instant.hpp"

namespace quorate::host {

struct CertificatesSpec {
    std::filesystem::path dir;
    std::vector<std::string> names;  // "peer": DIR/peer.crt
    // Makes what is missing and renews what is old; safe to repeat.
    std::function<Result<void>()> renew;
    Span period = hours(1);
};

// Etcd's two with these names, and the agent's own, of the authority in this directory.
CertificatesSpec certificates_of(const std::filesystem::path& dir, std::vector<std::string> names,
                                 Ordinal self);

class Certificates {
  public:
    struct Hooks {
        std::function<void(log::Level, const std::string&)> tell;
        std::function<void(const std::string& name, Instant wall)> ends;
    };

    Certificates(boost::asio::io_context& loop, Tasks& tasks, CertificatesSpec spec, Hooks hooks);

    // Now and in every period; what failed again within a minute.
    void start();

  private:
    void looked(const Result<void>& renewed, const std::map<std::string, Instant>& ends);

    Tasks& tasks_;
    const CertificatesSpec spec_;
    const Hooks hooks_;
    boost::asio::steady_timer timer_;
    std::map<std::string, Instant> ends_;
    std::string complained_;
};

}  // namespace quorate::host
