#include "adapters/kube/pki.hpp"

#include <openssl/evp.h>
#include <sys/stat.h>

#include <optional>

#include "adapters/kube/objects.hpp"
#include "adapters/local/files.hpp"
#include "adapters/local/pki.hpp"

namespace quorate::kube {
namespace {

namespace fs = std::filesystem;

struct Authority {
    std::string certificate;
    std::string key;
};

std::string encoded(const std::string& text) {
    std::string base64(4 * ((text.size() + 2) / 3) + 1, '\0');
    const int length = EVP_EncodeBlock(reinterpret_cast<unsigned char*>(base64.data()),
                                       reinterpret_cast<const unsigned char*>(text.data()),
                                       static_cast<int>(text.size()));
    base64.resize(static_cast<std::size_t>(length));
    return base64;
}

std::optional<std::string> decoded(const std::string& base64) {
    std::string text(base64.size(), '\0');
    const int length = EVP_DecodeBlock(reinterpret_cast<unsigned char*>(text.data()),
                                       reinterpret_cast<const unsigned char*>(base64.data()),
                                       static_cast<int>(base64.size()));
    if (length < 0) return std::nullopt;
    // OpenSSL counts the bytes that only fill the last block.
    std::size_t filled = 0;
    for (auto it = base64.rbegin(); it != base64.rend() && *it == '=' && filled < 2; ++it)
        ++filled;
    text.resize(static_cast<std::size_t>(length) - filled);
    return text;
}

Result<Authority> in_secret(const Json& secret, const Resource& resource) {
    Authority authority;
    const Json data = secret.value("data", Json::object());
    for (auto [key, to] :
         {std::pair{"ca.crt", &authority.certificate}, std::pair{"ca.key", &authority.key}}) {
        const Json value = data.is_object() ? data.value(key, Json()) : Json();
        auto text = value.is_string() ? decoded(value.get<std::string>()) : std::nullopt;
        if (!text || text->empty())
            return refused("is missing or not base64; put a copy of the Secret back",
                           to_text(resource) + ", data." + key);
        *to = std::move(*text);
    }
    return authority;
}

Result<std::optional<Authority>> in_directory(const fs::path& dir) {
    auto certificate = local::read_file(dir / "ca.crt");
    if (!certificate) return tl::unexpected(certificate.error());
    auto key = local::read_file(dir / "ca.key");
    if (!key) return tl::unexpected(key.error());
    if (!*certificate || !*key) return std::optional<Authority>();
    return std::optional(Authority{std::move(**certificate), std::move(**key)});
}

// The certificate last: one without a key is what a crash would leave otherwise.
Result<void> put(const fs::path& dir, const Authority& authority) {
    std::error_code error;
    fs::create_directories(dir, error);
    if (error) return refused(error.message(), dir);
    if (auto key = local::replace_file(dir / "ca.key", authority.key); !key) return key;
    return local::replace_file(dir / "ca.crt", authority.certificate);
}

// Made by the same code as on one machine, in a directory that goes away again.
Result<Authority> make(const fs::path& beside) {
    const fs::path dir = beside.string() + ".new";
    std::error_code error;
    fs::remove_all(dir, error);
    if (auto made = local::ensure_pki(dir, {"localhost"}); !made)
        return tl::unexpected(made.error());
    auto authority = in_directory(dir);
    fs::remove_all(dir, error);
    if (!authority) return tl::unexpected(authority.error());
    if (!*authority) return refused("the new authority is not where it was put", dir);
    return **authority;
}

Json secret_with(const Authority& authority, const Resource& resource, const Names& names) {
    return {
        {"apiVersion", "v1"},
        {"kind", "Secret"},
        {"type", "Opaque"},
        {"metadata",
         {{"name", resource.name}, {"namespace", resource.space}, {"labels", labels_of(names)}}},
        {"data", {{"ca.crt", encoded(authority.certificate)}, {"ca.key", encoded(authority.key)}}}};
}

}  // namespace

Resource authority_secret_of(const Names& names) {
    return {"v1", "secrets", names.space, names.statefulset + "-etcd-certs"};
}

Result<void> ensure_authority(const Client& client, const Names& names, const fs::path& dir,
                              Span deadline) {
    const Resource resource = authority_secret_of(names);
    auto own = in_directory(dir);
    if (!own) return tl::unexpected(own.error());
    auto answer = client.get(resource, Read::quorum, deadline);
    const bool silent = !answer || (!answer->ok() && answer->status != 404);
    if (silent) {
        if (*own) return {};
        return tl::unexpected(answer ? failure_of(*answer, resource) : answer.error());
    }
    if (answer->status == 404) {
        // A volume that remembers brings back a Secret that was lost.
        auto authority = *own ? Result<Authority>(**own) : make(dir);
        if (!authority) return tl::unexpected(authority.error());
        answer = client.create(resource, secret_with(*authority, resource, names), deadline);
        if (!answer) return tl::unexpected(answer.error());
        if (answer->status == 409) answer = client.get(resource, Read::quorum, deadline);
        if (!answer) return tl::unexpected(answer.error());
        if (!answer->ok()) return tl::unexpected(failure_of(*answer, resource));
    }
    auto told = in_secret(answer->body, resource);
    if (!told) return tl::unexpected(told.error());
    if (!*own) return put(dir, *told);
    if (told->certificate != (*own)->certificate)
        return refused("is of another authority than " + to_text(resource) +
                           "; put the Secret back that this volume was made with, or move the "
                           "directory away to take the new one",
                       dir);
    return {};
}

}  // namespace quorate::kube
