#include "adapters/host/etcd_arguments.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <string_view>

namespace quorate::host {
namespace {

constexpr std::array<std::string_view, 18> managed = {
    "name",
    "data-dir",
    "wal-dir",
    "initial-cluster",
    "initial-cluster-state",
    "initial-cluster-token",
    "initial-advertise-peer-urls",
    "listen-peer-urls",
    "listen-client-urls",
    "advertise-client-urls",
    "force-new-cluster",
    "strict-reconfig-check",
    "unsafe-no-fsync",
    "cert-file",
    "key-file",
    "trusted-ca-file",
    "config-file",
    "snapshot-count",
};

constexpr std::string_view quota_flag = "quota-backend-bytes";

std::string flag_name(const std::string& argument) {
    const std::size_t begin = argument.find_first_not_of('-');
    if (begin == std::string::npos) return {};
    return argument.substr(begin, argument.find('=') - begin);
}

// Last one wins, as with etcd.
std::optional<std::string> value_of(std::string_view flag,
                                    const std::vector<std::string>& arguments) {
    std::optional<std::string> value;
    for (std::size_t i = 0; i < arguments.size(); ++i) {
        if (flag_name(arguments[i]) != flag) continue;
        const std::size_t equals = arguments[i].find('=');
        if (equals != std::string::npos)
            value = arguments[i].substr(equals + 1);
        else if (i + 1 < arguments.size())
            value = arguments[i + 1];
    }
    return value;
}

std::optional<std::int64_t> whole_number(const std::string& text) {
    std::int64_t number = 0;
    const char* end = text.data() + text.size();
    const auto [rest, error] = std::from_chars(text.data(), end, number);
    if (error != std::errc() || rest != end) return std::nullopt;
    return number;
}

}  // namespace

std::optional<std::int64_t> named_quota(const std::vector<std::string>& arguments) {
    const auto value = value_of(quota_flag, arguments);
    return value ? whole_number(*value) : std::nullopt;
}

Settings settings_of(const AgentConfig& config) {
    Settings settings;
    settings.self = config.self;
    settings.etcd_version = config.etcd_version;
    settings.policy = config.policy;
    // The core knows no other quota than a limit: without one etcd never raises NOSPACE.
    const std::int64_t quota = named_quota(config.extra_arguments).value_or(0);
    if (quota > 0) settings.quota = Bytes{static_cast<std::uint64_t>(quota)};
    settings.addresses = config.network.members;
    return settings;
}

Result<void> check_extra_arguments(const std::vector<std::string>& extra) {
    for (const std::string& argument : extra) {
        const std::string name = flag_name(argument);
        const bool ours = std::find(managed.begin(), managed.end(), name) != managed.end() ||
                          name.starts_with("peer-") || name.starts_with("client-cert");
        if (ours)
            return refused("the extra argument --" + name + " is managed by quorate; leave it out",
                           "extraArgs");
    }
    const auto quota = value_of(quota_flag, extra);
    if (quota && !whole_number(*quota))
        return refused("--quota-backend-bytes: \"" + *quota +
                           "\" is not a number of bytes; etcd knows no units: 4 GiB are 4294967296",
                       "extraArgs");
    return {};
}

std::vector<std::string> etcd_arguments(const AgentConfig& config, const Settings& settings,
                                        const StartEtcd& start) {
    const ReplicaAddress& own = settings.addresses.at(config.self.value);
    std::vector<std::string> arguments = {
        "--name=" + start.name,
        "--data-dir=" + (config.places.volume / "etcd").string(),
        "--listen-client-urls=" + config.network.listen_client_url,
        "--advertise-client-urls=" + own.client_url,
        "--listen-peer-urls=" + config.network.listen_peer_url,
        "--initial-advertise-peer-urls=" + own.peer_url,
        "--initial-cluster=" + start.initial_cluster,
        "--initial-cluster-state=" + std::string(start.founding ? "new" : "existing"),
        "--initial-cluster-token=" + start.token,
        "--snapshot-count=" +
            std::to_string(config.snapshot_count < 1 ? 10'000 : config.snapshot_count),
    };
    if (config.tls) {
        const std::string pki = config.places.pki.string();
        for (const std::string prefix : {"", "peer-"}) {
            arguments.push_back("--" + prefix + "cert-file=" + pki + "/peer.crt");
            arguments.push_back("--" + prefix + "key-file=" + pki + "/peer.key");
            arguments.push_back("--" + prefix + "trusted-ca-file=" + pki + "/ca.crt");
            arguments.push_back("--" + prefix + "client-cert-auth=true");
        }
    }
    // etcd facts 4.2: 3.6 knows both names, 3.7 the new one.
    if (config.tls && config.network.by_name)
        arguments.push_back(config.etcd_version < Version{3, 6, 0}
                                ? "--experimental-peer-skip-client-san-verification=true"
                                : "--peer-skip-client-san-verification=true");
    arguments.insert(arguments.end(), start.flags.begin(), start.flags.end());
    arguments.insert(arguments.end(), config.extra_arguments.begin(), config.extra_arguments.end());
    return arguments;
}

}  // namespace quorate::host
