#include "adapters/host/certificates.hpp"

#include <algorithm>
#include <utility>

#include "adapters/local/pki.hpp"
#include "adapters/peer/letter.hpp"

namespace quorate::host {
namespace {

// A file that was put back is seen before an hour is over.
constexpr Span soon = minutes(1);

}  // namespace

CertificatesSpec certificates_of(const std::filesystem::path& dir, std::vector<std::string> names,
                                 Ordinal self) {
    const std::string agent = "agent-" + std::to_string(self.value);
    CertificatesSpec spec;
    spec.dir = dir;
    spec.names = {"ca", "peer", "client", agent};
    spec.renew = [dir, names = std::move(names), agent, self]() -> Result<void> {
        if (auto etcd = local::ensure_etcd_certificates(dir, names); !etcd) return etcd;
        return local::ensure_certificate(dir, agent, peer::agent_name(self));
    };
    return spec;
}

Certificates::Certificates(boost::asio::io_context& loop, Tasks& tasks, CertificatesSpec spec,
                           Hooks hooks)
    : tasks_(tasks), spec_(std::move(spec)), hooks_(std::move(hooks)), timer_(loop) {}

void Certificates::start() {
    tasks_.run([this, spec = spec_] {
        auto renewed = spec.renew();
        std::map<std::string, Instant> ends;
        for (const std::string& name : spec.names) {
            const auto end = local::end_of_certificate(spec.dir / (name + ".crt"));
            if (end) {
                ends[name] = *end;
            } else if (renewed) {
                renewed = tl::unexpected(end.error());
            }
        }
        return std::function<void()>([this, renewed = std::move(renewed), ends = std::move(ends)] {
            looked(renewed, ends);
        });
    });
}

void Certificates::looked(const Result<void>& renewed, const std::map<std::string, Instant>& ends) {
    for (const auto& [name, end] : ends) {
        const auto before = ends_.find(name);
        if (before != ends_.end() && before->second != end)
            hooks_.tell(log::Level::info, "certificates: " + name + ".crt is renewed");
        hooks_.ends(name, end);
    }
    ends_ = ends;
    // Once for each reason: what expires is in the metrics all the time.
    const std::string why = renewed ? "" : renewed.error().where + ": " + renewed.error().what;
    if (why != complained_ && !why.empty())
        hooks_.tell(log::Level::error, "certificates: not renewed: " + why);
    complained_ = why;
    const Span next = renewed ? spec_.period : std::min(spec_.period, soon);
    timer_.expires_after(std::chrono::microseconds(next.us));
    timer_.async_wait([this](const boost::system::error_code& error) {
        if (!error) start();
    });
}

}  // namespace quorate::host
