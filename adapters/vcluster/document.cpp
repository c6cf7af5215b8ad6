#include "adapters/vcluster/document.hpp"

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <charconv>
#include <optional>
#include <sstream>
#include <utility>
#include <vector>

namespace quorate::vcluster {
namespace {

// A ConfigMap holds 1 MiB. Aliases repeat what they name, so values are counted as they are written
// out.
constexpr std::size_t text_max = 1 << 20;
constexpr std::size_t values_max = 50'000;
constexpr int depth_max = 64;

struct Reading {
    std::string_view where;
    Document document;
    std::size_t values = 0;
};

std::string place(std::string_view where, const YAML::Mark& mark) {
    return std::string(where) + ":" + std::to_string(mark.line + 1);
}

bool is_one_of(const std::string& word, std::initializer_list<const char*> words) {
    return std::find(words.begin(), words.end(), word) != words.end();
}

template <class Number>
std::optional<Number> number_in(const std::string& text) {
    Number number{};
    const char* begin = text.data() + (text.starts_with("+") ? 1 : 0);
    const char* end = text.data() + text.size();
    const auto [at, error] = std::from_chars(begin, end, number);
    if (error != std::errc() || at != end) return std::nullopt;
    return number;
}

// A plain scalar by YAML 1.1, which Helm speaks: yes and on are true, too.
nlohmann::json plain(const std::string& text) {
    if (is_one_of(text, {"", "~", "null", "Null", "NULL"})) return nullptr;
    if (is_one_of(text, {"true", "True", "TRUE", "yes", "Yes", "YES", "on", "On", "ON"}))
        return true;
    if (is_one_of(text, {"false", "False", "FALSE", "no", "No", "NO", "off", "Off", "OFF"}))
        return false;
    if (const auto whole = number_in<std::int64_t>(text)) return *whole;
    const bool worded = text.find_first_of("0123456789") == std::string::npos;  // inf, nan
    if (const auto real = number_in<double>(text); real && !worded) return *real;
    return text;
}

nlohmann::json scalar(const YAML::Node& node) {
    // yaml-cpp: "?" is a plain scalar, "!" a quoted one.
    return node.Tag() == "?" ? plain(node.Scalar()) : nlohmann::json(node.Scalar());
}

Result<nlohmann::json> value_of(Reading& reading, const YAML::Node& node, const Path& path,
                                int depth);

Result<nlohmann::json> mapping(Reading& reading, const YAML::Node& node, const Path& path,
                               int depth) {
    nlohmann::json value = nlohmann::json::object();
    std::vector<std::string> seen;
    for (const auto& entry : node) {
        const std::string at = place(reading.where, entry.first.Mark());
        if (!entry.first.IsScalar()) return refused("a key is not a plain word", at);
        const std::string& key = entry.first.Scalar();
        const Path entry_path = below(path, key);
        if (std::find(seen.begin(), seen.end(), key) != seen.end())
            return refused(entry_path + ": stands there twice; keep one", at);
        seen.push_back(key);
        reading.document.lines.insert_or_assign(entry_path, entry.first.Mark().line + 1);
        auto inner = value_of(reading, entry.second, entry_path, depth + 1);
        if (!inner) return inner;
        if (!inner->is_null()) value[key] = *std::move(inner);
    }
    return value;
}

Result<nlohmann::json> list(Reading& reading, const YAML::Node& node, const Path& path, int depth) {
    nlohmann::json value = nlohmann::json::array();
    for (const YAML::Node& item : node) {
        const Path item_path = below(path, value.size());
        reading.document.lines.insert_or_assign(item_path, item.Mark().line + 1);
        auto inner = value_of(reading, item, item_path, depth + 1);
        if (!inner) return inner;
        value.push_back(*std::move(inner));
    }
    return value;
}

Result<nlohmann::json> value_of(Reading& reading, const YAML::Node& node, const Path& path,
                                int depth) {
    const std::string at = place(reading.where, node.Mark());
    if (++reading.values > values_max)
        return refused("holds more than " + std::to_string(values_max) + " values", at);
    if (depth > depth_max)
        return refused("is deeper than " + std::to_string(depth_max) + " levels", at);
    if (node.IsMap()) return mapping(reading, node, path, depth);
    if (node.IsSequence()) return list(reading, node, path, depth);
    if (node.IsScalar()) return scalar(node);
    return nlohmann::json(nullptr);
}

// Of a document nothing but that it is one.
class Passed final : public YAML::EventHandler {
  public:
    void OnDocumentStart(const YAML::Mark&) override {}
    void OnDocumentEnd() override {}
    void OnNull(const YAML::Mark&, YAML::anchor_t) override {}
    void OnAlias(const YAML::Mark&, YAML::anchor_t) override {}
    void OnScalar(const YAML::Mark&, const std::string&, YAML::anchor_t,
                  const std::string&) override {}
    void OnSequenceStart(const YAML::Mark&, const std::string&, YAML::anchor_t,
                         YAML::EmitterStyle::value) override {}
    void OnSequenceEnd() override {}
    void OnMapStart(const YAML::Mark&, const std::string&, YAML::anchor_t,
                    YAML::EmitterStyle::value) override {}
    void OnMapEnd() override {}
};

// YAML::Load takes the first document and says nothing of what follows it. YAML::LoadAll of
// yaml-cpp 0.7 never ends when a stray bracket closes the document: it is handed empty ones for
// ever.
bool holds_more_than_one(const std::string& text) {
    std::istringstream stream(text);
    YAML::Parser parser(stream);
    Passed passed;
    return parser.HandleNextDocument(passed) && parser.HandleNextDocument(passed);
}

}  // namespace

Path below(const Path& path, std::string_view key) {
    return path.empty() ? Path(key) : path + "." + std::string(key);
}

Path below(const Path& path, std::size_t item) { return path + "[" + std::to_string(item) + "]"; }

const nlohmann::json* Document::find(std::string_view path) const {
    const nlohmann::json* found = &value;
    while (!path.empty()) {
        const std::string key(path.substr(0, path.find('.')));
        path.remove_prefix(std::min(key.size() + 1, path.size()));
        if (!found->is_object() || !found->contains(key)) return nullptr;
        found = &(*found)[key];
    }
    return found;
}

Result<Document> parse_yaml(std::string_view text, std::string_view where) {
    const std::string file(where);
    if (text.size() > text_max) return refused("is larger than 1 MiB", file);
    try {
        const std::string bytes(text);
        if (holds_more_than_one(bytes))
            return refused(
                "holds something behind the end of its first document; keep one document", file);
        const YAML::Node root = YAML::Load(bytes);
        if (root.IsNull()) return Document{};
        if (!root.IsMap()) return refused("is not a mapping of keys to values", file);
        Reading reading{where, {}, 0};
        auto value = value_of(reading, root, {}, 0);
        if (!value) return tl::unexpected(value.error());
        reading.document.value = *std::move(value);
        return std::move(reading.document);
    } catch (const YAML::Exception& fault) {
        return refused("is not YAML: " + fault.msg, place(where, fault.mark));
    }
}

}  // namespace quorate::vcluster
