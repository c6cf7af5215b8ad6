#include "adapters/vcluster/schema.hpp"

#include <nlohmann/json.hpp>
#include <valijson/adapters/nlohmann_json_adapter.hpp>
#include <valijson/schema.hpp>
#include <valijson/schema_parser.hpp>
#include <valijson/validation_results.hpp>
#include <valijson/validator.hpp>
#include <vector>

#include "adapters/host/settings.hpp"
#include "core/base/check.hpp"

namespace quorate::vcluster {
namespace {

using nlohmann::json;

constexpr std::size_t shown_max = 60;  // of a wrong value
// std::regex recurses with every letter; nothing that has a pattern is ever longer.
constexpr std::size_t patterned_max = 256;

// Follows "#/definitions/NAME", the only kind of reference in the schema.
const json& resolved(const json& schemas, const json& schema) {
    if (!schema.contains("$ref")) return schema;
    return schemas.at(json::json_pointer(schema["$ref"].get<std::string>().substr(1)));
}

// The schema of one key or item; nullptr when the schema says nothing of it.
const json* schema_below(const json& schemas, const json& schema, const std::string& key) {
    if (schema.contains("items")) return &resolved(schemas, schema["items"]);
    if (schema.contains("properties") && schema["properties"].contains(key))
        return &resolved(schemas, schema["properties"][key]);
    if (schema.contains("additionalProperties") && schema["additionalProperties"].is_object())
        return &resolved(schemas, schema["additionalProperties"]);
    return nullptr;
}

std::vector<std::string> keys_of(const json& mapping) {
    std::vector<std::string> keys;
    for (const auto& [key, value] : mapping.items())
        keys.push_back(key);
    return keys;
}

// Settings of `quorate up` that mean nothing in a pod, or are said elsewhere in this file.
struct Elsewhere {
    std::string_view key;
    std::string_view instead;
};
constexpr Elsewhere settings_elsewhere[] = {
    {"snapshot_count", "set controlPlane.backingStore.etcd.embedded.snapshotCount instead"},
    {"etcd_arguments", "set controlPlane.backingStore.etcd.embedded.extraArgs instead"},
    {"peers_over", "agents in pods always speak tcp; leave it out"},
    {"grace_period", "the pod's terminationGracePeriodSeconds is it; leave it out"},
    {"agent_backoff_min", "the kubelet starts containers again; leave it out"},
    {"agent_backoff_max", "the kubelet starts containers again; leave it out"},
};

std::string unknown_key(const Path& path, const json& known, const std::string& key) {
    if (path == "quorate.settings")
        for (const Elsewhere& elsewhere : settings_elsewhere)
            if (key == elsewhere.key) return "is not for pods: " + std::string(elsewhere.instead);
    return "unknown key; the nearest known is " + below(path, host::nearest(key, keys_of(known)));
}

std::string shown(const json& value) {
    if (value.is_object()) return "a mapping";
    if (value.is_array()) return "a list";
    std::string text = value.dump(-1, ' ', false, json::error_handler_t::replace);
    if (text.size() > shown_max) text = text.substr(0, shown_max) + "...";
    return text;
}

std::string is_not(const json& value, const json& schema) {
    return shown(value) + " is not " + schema.at("description").get<std::string>();
}

std::optional<Problem> unknown_in(const json& schemas, const json& schema, const json& value,
                                  const Path& path) {
    if (value.is_string() && schema.contains("pattern") &&
        value.get_ref<const std::string&>().size() > patterned_max)
        return Problem{path, is_not(value, schema)};
    if (value.is_array()) {
        for (std::size_t i = 0; i < value.size(); ++i)
            if (const json* inner = schema_below(schemas, schema, {}))
                if (auto found = unknown_in(schemas, *inner, value[i], below(path, i)))
                    return found;
        return std::nullopt;
    }
    if (!value.is_object()) return std::nullopt;
    const bool closed =
        schema.contains("additionalProperties") && schema["additionalProperties"] == json(false);
    for (const auto& [key, entry] : value.items()) {
        const json* inner = schema_below(schemas, schema, key);
        if (inner == nullptr && closed) {
            std::string what = unknown_key(path, schema["properties"], key);
            if (!entry.is_structured()) what = shown(entry) + " " + what;
            return Problem{below(path, key), std::move(what)};
        }
        if (inner == nullptr) continue;
        if (auto found = unknown_in(schemas, *inner, entry, below(path, key))) return found;
    }
    return std::nullopt;
}

// valijson tells a place as "<root>", "[key]", "[0]".
Problem wrong_value(const json& schemas, const json& value, const std::vector<std::string>& place) {
    Path path;
    const json* schema = &schemas;
    const json* at = &value;
    for (const std::string& step : place) {
        if (!step.starts_with("[")) continue;
        const std::string key = step.substr(1, step.size() - 2);
        const json* inner = schema_below(schemas, *schema, key);
        if (inner == nullptr) break;
        schema = inner;
        if (at->is_array()) {
            const std::size_t item = std::stoul(key);
            at = &at->at(item);
            path = below(path, item);
        } else {
            at = &at->at(key);
            path = below(path, key);
        }
    }
    return {path, is_not(*at, *schema)};
}

std::optional<Problem> wrong_in(const json& schemas, const json& value) {
    valijson::Schema schema;
    valijson::SchemaParser parser;
    parser.populateSchema(valijson::adapters::NlohmannJsonAdapter(schemas), schema);
    valijson::Validator validator;
    valijson::ValidationResults results;
    const valijson::adapters::NlohmannJsonAdapter target(value);
    if (validator.validate(schema, target, &results)) return std::nullopt;
    valijson::ValidationResults::Error error;
    const bool told = results.popError(error);  // the deepest comes first
    QUORATE_REQUIRE(told);
    return wrong_value(schemas, value, error.context);
}

}  // namespace

std::optional<Problem> problem_in(const Document& document) {
    try {
        const json schemas = json::parse(schema_text());
        if (auto found = unknown_in(schemas, schemas, document.value, {})) return found;
        return wrong_in(schemas, document.value);
    } catch (const std::exception& error) {
        return Problem{{}, std::string("cannot be checked: ") + error.what()};
    }
}

}  // namespace quorate::vcluster
