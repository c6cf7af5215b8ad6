#include "adapters/local/desired.hpp"

#include <nlohmann/json.hpp>

#include "adapters/local/files.hpp"
#include "core/base/limits.hpp"

namespace quorate::local {
namespace {

// A person wrote it; `quorate scale` would have to guess the other field.
auto wrong(const std::string& what, const std::filesystem::path& path) {
    return refused(what + R"(; write what is wanted, such as {"policy":"parallel","replicas":3})",
                   path);
}

}  // namespace

Result<std::optional<Desired>> read_desired(const std::filesystem::path& path) {
    auto content = read_file(path);
    if (!content) return tl::unexpected(content.error());
    if (!*content) return std::optional<Desired>();
    const auto json = nlohmann::json::parse(**content, nullptr, false);
    const auto& replicas = json.is_object() ? json.value("replicas", nlohmann::json()) : json;
    const auto policy = json.is_object() ? json.value("policy", nlohmann::json()) : json;
    if (!replicas.is_number_unsigned() || replicas.get<std::uint64_t>() > limits::replicas_max)
        return wrong(
            "field replicas is not a number from 0 to " + std::to_string(limits::replicas_max),
            path);
    if (policy != "ordered" && policy != "parallel")
        return wrong("field policy is neither \"ordered\" nor \"parallel\"", path);
    return std::optional<Desired>(
        Desired{replicas.get<std::uint32_t>(),
                policy == "ordered" ? PodManagement::ordered : PodManagement::parallel});
}

Result<void> write_desired(const std::filesystem::path& path, const Desired& desired) {
    const nlohmann::json json = {
        {"replicas", desired.replicas},
        {"policy", desired.policy == PodManagement::ordered ? "ordered" : "parallel"}};
    return replace_file(path, json.dump() + "\n");
}

}  // namespace quorate::local
