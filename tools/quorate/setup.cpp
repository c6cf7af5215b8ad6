#include "tools/quorate/setup.hpp"

#include <nlohmann/json.hpp>

#include "adapters/local/files.hpp"

namespace quorate::cli {
namespace {

constexpr int format = 1;

Result<void> set_all(host::Choices& choices, const nlohmann::json& settings) {
    for (const auto& [key, value] : settings.items())
        if (auto done = host::set(choices, key, value.get<std::string>()); !done) return done;
    return {};
}

}  // namespace

const std::filesystem::path& etcd_of(const Setup& setup, Ordinal ordinal) {
    const auto found = setup.etcd_of.find(ordinal.value);
    return found == setup.etcd_of.end() ? setup.etcd : found->second;
}

Result<std::optional<Setup>> read_setup(const std::filesystem::path& file) {
    auto content = local::read_file(file);
    if (!content) return tl::unexpected(content.error());
    if (!*content) return std::optional<Setup>();
    try {
        const auto json = nlohmann::json::parse(**content);
        if (json.at("format") != format) return refused("is of another release of quorate", file);
        Setup setup;
        setup.etcd = json.at("etcd").get<std::string>();
        for (const auto& one : json.value("etcd_of", nlohmann::json::array()))
            setup.etcd_of[one.at("ordinal").get<std::uint32_t>()] =
                one.at("etcd").get<std::string>();
        setup.tls = json.at("tls").get<bool>();
        setup.port_base = json.at("port_base").get<std::uint16_t>();
        if (auto done = set_all(setup.choices, json.at("settings")); !done)
            return refused(done.error().what, file);
        return std::optional(setup);
    } catch (const nlohmann::json::exception& error) {
        return refused(std::string("is damaged (") + error.what() +
                           "); remove the file and run quorate up again",
                       file);
    }
}

Result<void> write_setup(const std::filesystem::path& file, const Setup& setup) {
    nlohmann::json settings = nlohmann::json::object();
    for (const host::KeyText& key : host::keys_of(setup.choices))
        settings[key.key] = key.value;
    nlohmann::json others = nlohmann::json::array();
    for (const auto& [ordinal, etcd] : setup.etcd_of)
        others.push_back({{"ordinal", ordinal}, {"etcd", etcd.string()}});
    const nlohmann::json json = {
        {"format", format}, {"etcd", setup.etcd.string()},  {"etcd_of", others},
        {"tls", setup.tls}, {"port_base", setup.port_base}, {"settings", settings}};
    return local::replace_file(file, json.dump(2) + "\n");
}

}  // namespace quorate::cli
