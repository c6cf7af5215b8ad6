#include "adapters/local/lease.hpp"

#include <nlohmann/json.hpp>
#include <optional>

#include "adapters/clock/clock.hpp"
#include "adapters/local/files.hpp"

namespace quorate::local {
namespace {

struct Content {
    std::optional<Ordinal> holder;
    Fence fence;
    Instant expires;
    std::string boot;
};

std::string boot_id() {
    const auto content = read_file("/proc/sys/kernel/random/boot_id");
    return content && *content ? (*content)->substr(0, 36) : std::string();
}

Result<Content> read(const std::filesystem::path& path) {
    auto text = read_file(path);
    if (!text) return tl::unexpected(text.error());
    Content content;
    if (!*text) return content;
    const auto json = nlohmann::json::parse(**text, nullptr, false);
    if (!json.is_object() || !json.value("fence", nlohmann::json()).is_number_unsigned())
        return refused("is not a lease; move it away while no agent runs", path);
    content.fence = Fence{json.at("fence").get<std::uint64_t>()};
    content.boot = json.value("boot", "");
    content.expires = Instant{json.value("expires_us", std::int64_t{0})};
    const auto holder = json.value("holder", nlohmann::json());
    if (holder.is_number_unsigned()) content.holder = Ordinal{holder.get<std::uint32_t>()};
    return content;
}

Result<void> write(const std::filesystem::path& path, const Content& content) {
    nlohmann::json json = {{"fence", content.fence.value},
                           {"expires_us", content.expires.us},
                           {"boot", content.boot},
                           {"holder", nullptr}};
    if (content.holder) json["holder"] = content.holder->value;
    return replace_file(path, json.dump() + "\n");
}

bool is_live(const Content& content) {
    return content.holder && content.boot == boot_id() && clock::since_boot() < content.expires;
}

std::filesystem::path lock_of(const std::filesystem::path& path) { return path.string() + ".lock"; }

}  // namespace

Result<Fence> Lease::acquire(Span ttl) const {
    auto lock = FileLock::wait(lock_of(path_));
    if (!lock) return tl::unexpected(lock.error());
    auto content = read(path_);
    if (!content) return tl::unexpected(content.error());
    if (is_live(*content) && content->holder != self_)
        return refused("is held by replica " + std::to_string(content->holder->value), path_);
    Content next{self_, Fence{content->fence.value + 1}, clock::since_boot() + ttl, boot_id()};
    if (auto written = write(path_, next); !written) return tl::unexpected(written.error());
    return next.fence;
}

Result<void> Lease::renew(Fence fence, Span ttl) const {
    auto lock = FileLock::wait(lock_of(path_));
    if (!lock) return tl::unexpected(lock.error());
    auto content = read(path_);
    if (!content) return tl::unexpected(content.error());
    if (content->fence != fence || content->holder != self_)
        return refused("was taken by somebody else", path_);
    content->expires = clock::since_boot() + ttl;
    content->boot = boot_id();
    return write(path_, *content);
}

Result<void> Lease::release(Fence fence) const {
    auto lock = FileLock::wait(lock_of(path_));
    if (!lock) return tl::unexpected(lock.error());
    auto content = read(path_);
    if (!content) return tl::unexpected(content.error());
    if (content->fence != fence || content->holder != self_) return {};
    content->holder.reset();
    return write(path_, *content);
}

Result<bool> Lease::holds(Fence fence, Span margin) const {
    auto content = read(path_);
    if (!content) return tl::unexpected(content.error());
    return is_live(*content) && content->holder == self_ && content->fence == fence &&
           clock::since_boot() + margin < content->expires;
}

Result<Fence> Lease::latest() const {
    auto content = read(path_);
    if (!content) return tl::unexpected(content.error());
    return content->fence;
}

Result<std::optional<Ordinal>> Lease::holder() const {
    auto content = read(path_);
    if (!content) return tl::unexpected(content.error());
    return is_live(*content) ? content->holder : std::nullopt;
}

}  // namespace quorate::local
