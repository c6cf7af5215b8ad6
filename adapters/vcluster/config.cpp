#include "adapters/vcluster/config.hpp"

#include <algorithm>
#include <exception>
#include <fstream>
#include <iterator>
#include <limits>
#include <utility>

#include "adapters/host/etcd_arguments.hpp"
#include "adapters/vcluster/document.hpp"
#include "adapters/vcluster/schema.hpp"

namespace quorate::vcluster {
namespace {

const Path embedded_etcd = "controlPlane.backingStore.etcd.embedded";
const Path stateful_set = "controlPlane.statefulSet";

// One file that is being read.
struct File {
    std::string where;
    Document document;
};

// Where the path is, or what holds it.
tl::unexpected<Failure> refused_at(const File& file, const Path& path, const std::string& what) {
    const auto& lines = file.document.lines;
    Path near = path;
    while (!near.empty() && !lines.contains(near))
        near.resize(near.find_last_of(".[") == Path::npos ? 0 : near.find_last_of(".["));
    const std::string line = near.empty() ? "" : ":" + std::to_string(lines.at(near));
    return refused(path.empty() ? what : path + ": " + what, file.where + line);
}

template <class Value>
Value value_or(const File& file, const Path& path, Value otherwise) {
    const nlohmann::json* found = file.document.find(path);
    return found == nullptr ? otherwise : found->get<Value>();
}

bool has_items(const File& file, const Path& path) {
    const nlohmann::json* found = file.document.find(path);
    return found != nullptr && !found->empty();
}

// The syntax of vCluster 0.19 and older, one chart for each distribution, and what it became.
struct Former {
    const char* path;
    const char* now;
};
// clang-format off
constexpr Former former_keys[] = {
    {"embeddedEtcd.enabled",            "controlPlane.backingStore.etcd.embedded.enabled"},
    {"embeddedEtcd.migrateFromEtcd",    "controlPlane.backingStore.etcd.embedded.migrateFromDeployedEtcd"},
    {"syncer.replicas",                 "controlPlane.statefulSet.highAvailability.replicas"},
    {"syncer.storage.persistence",      "controlPlane.statefulSet.persistence.volumeClaim.enabled"},
    {"syncer.storage.size",             "controlPlane.statefulSet.persistence.volumeClaim.size"},
    {"syncer.storage.className",        "controlPlane.statefulSet.persistence.volumeClaim.storageClass"},
    {"storage.persistence",             "controlPlane.statefulSet.persistence.volumeClaim.enabled"},
    {"storage.size",                    "controlPlane.statefulSet.persistence.volumeClaim.size"},
    {"storage.className",               "controlPlane.statefulSet.persistence.volumeClaim.storageClass"},
    {"etcd.replicas",                   "controlPlane.backingStore.etcd.deploy.statefulSet.highAvailability.replicas"},
    {"etcd.storage.persistence",        "controlPlane.backingStore.etcd.deploy.statefulSet.persistence.volumeClaim.enabled"},
    {"etcd.storage.size",               "controlPlane.backingStore.etcd.deploy.statefulSet.persistence.volumeClaim.size"},
    {"etcd.storage.className",          "controlPlane.backingStore.etcd.deploy.statefulSet.persistence.volumeClaim.storageClass"},
    {"etcd.disabled",                   "controlPlane.backingStore.etcd.deploy.statefulSet.enabled: false and .service.enabled: false"},
    {"etcd.autoDeletePersistentVolumeClaims", "controlPlane.backingStore.etcd.deploy.statefulSet.persistence.volumeClaim.retentionPolicy: Delete"},
    // Of a section that is former as a whole.
    {"embeddedEtcd",                    "controlPlane.backingStore.etcd.embedded"},
    {"syncer",                          "controlPlane"},
    {"storage",                         "controlPlane.statefulSet.persistence.volumeClaim"},
    {"etcd",                            "controlPlane.backingStore.etcd.deploy"},
};
constexpr Former former_flags[] = {
    {"etcd-embedded",                   "controlPlane.backingStore.etcd.embedded.enabled"},
    {"migrate-from",                    "controlPlane.backingStore.etcd.embedded.migrateFromDeployedEtcd"},
    {"etcd-replicas",                   "controlPlane.statefulSet.highAvailability.replicas"},
};
// clang-format on

std::string flag_name(const std::string& argument) {
    const std::size_t begin = std::min(argument.find_first_not_of('-'), argument.size());
    return argument.substr(begin, argument.find('=', begin) - begin);
}

Result<void> check_former(const File& file) {
    const std::string advice =
        "; that is the syntax of vCluster 0.19 and older, which `vcluster convert config` rewrites";
    const nlohmann::json* arguments = file.document.find("syncer.extraArgs");
    if (arguments != nullptr && arguments->is_array())
        for (std::size_t i = 0; i < arguments->size(); ++i)
            for (const Former& flag : former_flags) {
                const nlohmann::json& argument = (*arguments)[i];
                if (argument.is_string() && flag_name(argument.get<std::string>()) == flag.path)
                    return refused_at(
                        file, below("syncer.extraArgs", i),
                        "--" + std::string(flag.path) + " is now " + flag.now + advice);
            }
    for (const Former& key : former_keys)
        if (file.document.find(key.path) != nullptr)
            return refused_at(file, key.path, "is now " + std::string(key.now) + advice);
    return {};
}

struct Switch {
    const char* path;  // below controlPlane.backingStore
    Store store;
};
constexpr Switch switches[] = {
    {"database.external", Store::external_database},
    {"etcd.embedded", Store::embedded_etcd},
    {"etcd.external", Store::external_etcd},
    {"etcd.deploy", Store::deployed_etcd},
};

// Requirements E1.
Result<Store> read_store(const File& file) {
    const Path stores = "controlPlane.backingStore";
    const std::string way_on =
        " Quorate does not run, and does not migrate yet; turn its etcd on with " + embedded_etcd +
        ".enabled: true";
    std::vector<std::string> on;
    Store store = Store::embedded_etcd;
    const auto is_on = [&](const char* path) {
        return value_or(file, stores + "." + path + ".enabled", false);
    };
    if (is_on("database.embedded")) on.emplace_back("database.embedded");
    for (const Switch& each : switches)
        if (is_on(each.path)) {
            on.emplace_back(each.path);
            store = each.store;
        }
    std::string named;
    for (const std::string& path : on)
        named += (named.empty() ? "" : " and ") + path + ".enabled";
    if (on.size() > 1)
        return refused_at(file, stores, named + " are true; only one store may be: leave one");
    if (on.empty())
        return refused_at(file, stores,
                          "no store is on, which means the embedded database, that" + way_on);
    if (on.front() == "database.embedded")
        return refused_at(file, stores + ".database.embedded.enabled",
                          "true: the embedded database, that" + way_on + " instead of it");
    return store;
}

Result<std::vector<std::string>> read_extra_arguments(const File& file) {
    const Path path = embedded_etcd + ".extraArgs";
    const auto arguments = value_or(file, path, std::vector<std::string>{});
    for (std::size_t i = 0; i < arguments.size(); ++i) {
        const std::string& argument = arguments[i];
        if (!argument.starts_with("-")) {
            // The value of a flag may be an argument of its own.
            const bool is_value = i > 0 && arguments[i - 1].starts_with("-") &&
                                  arguments[i - 1].find('=') == std::string::npos;
            if (is_value) continue;
            return refused_at(file, below(path, i),
                              "\"" + argument + "\" is not of the form --flag=value");
        }
        if (const auto checked = host::check_extra_arguments({argument}); !checked)
            return refused_at(file, below(path, i), checked.error().what);
    }
    // A flag and its value in two words.
    if (const auto together = host::check_extra_arguments(arguments); !together)
        return refused_at(file, path, together.error().what);
    return arguments;
}

Result<host::Choices> read_choices(const File& file) {
    host::Choices choices;
    const Path path = "quorate.settings";
    if (const nlohmann::json* settings = file.document.find(path))
        for (const auto& [key, value] : settings->items())
            if (const auto done = host::set(choices, key, value.get<std::string>()); !done)
                return refused_at(file, below(path, key), done.error().what);
    if (const auto together = host::check_together(choices); !together)
        return refused_at(file, path, together.error().what);
    auto arguments = read_extra_arguments(file);
    if (!arguments) return tl::unexpected(arguments.error());
    choices.etcd_arguments = *std::move(arguments);
    const Path count_path = embedded_etcd + ".snapshotCount";
    const auto count = value_or(file, count_path, std::int64_t{0});
    if (count > std::numeric_limits<std::uint32_t>::max())
        return refused_at(file, count_path, std::to_string(count) + " is too large");
    if (count >= 1) choices.snapshot_count = static_cast<std::uint32_t>(count);
    return choices;
}

// volumeClaim.enabled may be a text: auto, which embedded etcd takes for true.
bool is_persistent(const File& file) {
    const Path persistence = stateful_set + ".persistence";
    const nlohmann::json* enabled = file.document.find(persistence + ".volumeClaim.enabled");
    const bool off = enabled != nullptr && (*enabled == false || *enabled == "false");
    if (!off || has_items(file, persistence + ".volumeClaimTemplates")) return true;
    const nlohmann::json* volumes = file.document.find(persistence + ".dataVolume");
    if (volumes == nullptr) return false;
    for (const nlohmann::json& volume : *volumes)
        if (volume.value("name", nlohmann::json()) == "data") return !volume.contains("emptyDir");
    return false;
}

std::vector<std::string> warnings_of(const Config& config) {
    std::vector<std::string> warnings;
    if (config.replicas > 0 && config.replicas % 2 == 0)
        warnings.push_back(stateful_set +
                           ".highAvailability.replicas: " + std::to_string(config.replicas) +
                           " replicas bear the loss of no more than " +
                           std::to_string(config.replicas - 1) + " do; choose an odd number");
    if (!config.persistent)
        warnings.push_back(
            stateful_set +
            ".persistence.volumeClaim.enabled: false: a pod that is deleted loses its "
            "data, and so does the cluster when a majority is");
    return warnings;
}

Result<Config> config_of(const File& file) {
    if (const auto former = check_former(file); !former) return tl::unexpected(former.error());
    if (const auto problem = problem_in(file.document))
        return refused_at(file, problem->path, problem->what);
    const auto store = read_store(file);
    if (!store) return tl::unexpected(store.error());
    const Path migrate = embedded_etcd + ".migrateFromDeployedEtcd";
    if (value_or(file, migrate, false))
        return refused_at(file, migrate,
                          "true: Quorate does not migrate yet, and would begin empty; set it to "
                          "false to begin empty on purpose");
    auto choices = read_choices(file);
    if (!choices) return tl::unexpected(choices.error());
    Config config;
    config.store = *store;
    config.replicas = value_or(file, stateful_set + ".highAvailability.replicas", std::uint32_t{1});
    if (value_or<std::string>(file, stateful_set + ".scheduling.podManagementPolicy", {}) ==
        "OrderedReady")
        config.pod_management = PodManagement::ordered;
    config.persistent = is_persistent(file);
    config.etcd = value_or<std::string>(file, "quorate.etcd", {});
    config.control_plane =
        value_or(file, "quorate.controlPlane.command", std::vector<std::string>{});
    if (const nlohmann::json* variables = file.document.find("quorate.controlPlane.env"))
        for (const nlohmann::json& variable : *variables)
            config.control_plane_env.push_back(variable.at("name").get<std::string>());
    config.choices = *std::move(choices);
    config.warnings = warnings_of(config);
    return config;
}

}  // namespace

std::string_view name_of(Store store) {
    for (const Switch& each : switches)
        if (each.store == store) return each.path;
    return {};
}

Result<Config> parse_config(std::string_view text, std::string_view where) {
    const auto read = [&]() -> Result<Config> {
        auto document = parse_yaml(text, where);
        if (!document) return tl::unexpected(document.error());
        try {
            return config_of({std::string(where), *std::move(document)});
        } catch (const std::exception& error) {
            return refused(std::string("cannot be read: ") + error.what(), std::string(where));
        }
    };
    auto config = read();
    // Keys and what yaml-cpp quotes are the file's own bytes.
    if (!config)
        std::replace_if(
            config.error().what.begin(), config.error().what.end(),
            [](char c) { return (c >= 0 && c < ' ') || c == 127; }, '?');
    return config;
}

Result<Config> read_config(const std::filesystem::path& file) {
    std::error_code error;
    if (std::filesystem::is_directory(file, error)) return refused("is a directory", file);
    std::ifstream stream(file, std::ios::binary);
    if (!stream) return refused("cannot be read; is the path right?", file);
    const std::string text{std::istreambuf_iterator<char>(stream), {}};
    if (stream.bad()) return refused("cannot be read to its end", file);
    return parse_config(text, file.string());
}

}  // namespace quorate::vcluster
