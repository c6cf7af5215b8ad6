#include "adapters/local/pki.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <ctime>
#include <fstream>
#include <memory>
#include <system_error>
#include <utility>

#include "adapters/base/rest_of.hpp"

namespace quorate::local {
namespace {

namespace fs = std::filesystem;

constexpr Span backdate = hours(1);  // the clocks of two machines differ
constexpr Span ca_life = hours(24) * 3652;
constexpr Span leaf_life = hours(24) * 365;

template <class T, void (*free_it)(T*)>
struct Freed {
    void operator()(T* held) const { free_it(held); }
};
using Key = std::unique_ptr<EVP_PKEY, Freed<EVP_PKEY, EVP_PKEY_free>>;
using Certificate = std::unique_ptr<X509, Freed<X509, X509_free>>;
using Memory = std::unique_ptr<BIO, Freed<BIO, BIO_free_all>>;
using Extension = std::unique_ptr<X509_EXTENSION, Freed<X509_EXTENSION, X509_EXTENSION_free>>;
using Number = std::unique_ptr<BIGNUM, Freed<BIGNUM, BN_free>>;
using Time = std::unique_ptr<ASN1_TIME, Freed<ASN1_TIME, ASN1_STRING_free>>;

struct Identity {
    Certificate certificate;
    Key key;
};

enum class Role { authority, peer, client };

struct Profile {
    Role role;
    const char* common_name;
    const char* basic_constraints;
    const char* key_usage;
    const char* extended_key_usage;  // nullptr: none
    Span life;
};

// etcd calls its own client port with its server certificate, hence both usages for peers.
constexpr Profile authority_profile{Role::authority,
                                    "quorate local CA",
                                    "critical,CA:TRUE,pathlen:0",
                                    "critical,keyCertSign,cRLSign",
                                    nullptr,
                                    ca_life};
constexpr Profile peer_profile{Role::peer,
                               "quorate peer",
                               "critical,CA:FALSE",
                               "critical,digitalSignature",
                               "serverAuth,clientAuth",
                               leaf_life};
constexpr Profile agent_profile{Role::peer,
                                "quorate agent",
                                "critical,CA:FALSE",
                                "critical,digitalSignature",
                                "serverAuth,clientAuth",
                                leaf_life};
constexpr Profile client_profile{Role::client,        "quorate client",
                                 "critical,CA:FALSE", "critical,digitalSignature",
                                 "clientAuth",        leaf_life};

// --- errors ----------------------------------------------------------------------------------

std::string openssl_text() {
    const unsigned long code = ERR_peek_last_error();
    ERR_clear_error();
    const char* reason = code == 0 ? nullptr : ERR_reason_error_string(code);
    return reason == nullptr ? "OpenSSL gave no reason" : reason;
}

tl::unexpected<Failure> openssl_failed(const char* what, const fs::path& where) {
    return refused(std::string(what) + ": " + openssl_text(), where);
}

tl::unexpected<Failure> system_failed(const char* what, int error, const fs::path& where) {
    return refused(std::string(what) + ": " + std::generic_category().message(error), where);
}

tl::unexpected<Failure> damaged(const std::string& what, const fs::path& where) {
    return refused(what +
                       "; restore the file from a copy, or move the whole directory away to "
                       "have a new authority made (members that run keep the old one)",
                   where);
}

// --- files -----------------------------------------------------------------------------------

Result<void> write_all(int file, std::string_view text, const fs::path& path) {
    while (!text.empty()) {
        const auto written = ::write(file, text.data(), text.size());
        if (written < 0 && errno == EINTR) continue;
        if (written < 0) return system_failed("cannot write", errno, path);
        text.remove_prefix(static_cast<std::size_t>(written));
    }
    if (::fsync(file) != 0) return system_failed("cannot sync", errno, path);
    return {};
}

Result<void> write_file(const fs::path& path, std::string_view text, mode_t mode) {
    const int file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode);
    if (file < 0) return system_failed("cannot create", errno, path);
    auto written = write_all(file, text, path);
    if (written && ::fchmod(file, mode) != 0)
        written = system_failed("cannot set the mode", errno, path);
    ::close(file);
    return written;
}

Result<void> sync_directory(const fs::path& path) {
    const int handle = ::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (handle < 0) return system_failed("cannot open the directory", errno, path);
    const int error = ::fsync(handle) == 0 ? 0 : errno;
    ::close(handle);
    if (error != 0) return system_failed("cannot sync the directory", error, path);
    return {};
}

Result<std::string> read_file(const fs::path& path) {
    std::ifstream file(path, std::ios::binary);
    if (!file) return damaged("a file of the certificate authority is missing or unreadable", path);
    return rest_of(file);
}

Memory memory_of(const std::string& text) {
    return Memory(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
}

std::string text_of(BIO* memory) {
    char* data = nullptr;
    const long size = BIO_get_mem_data(memory, &data);
    return size <= 0 ? std::string() : std::string(data, static_cast<std::size_t>(size));
}

Result<void> write_certificate(const fs::path& path, X509* certificate) {
    const Memory memory(BIO_new(BIO_s_mem()));
    if (!memory || PEM_write_bio_X509(memory.get(), certificate) != 1)
        return openssl_failed("cannot encode a certificate", path);
    return write_file(path, text_of(memory.get()), 0644);
}

Result<void> write_key(const fs::path& path, EVP_PKEY* key) {
    const Memory memory(BIO_new(BIO_s_mem()));
    if (!memory ||
        PEM_write_bio_PrivateKey(memory.get(), key, nullptr, nullptr, 0, nullptr, nullptr) != 1)
        return openssl_failed("cannot encode a key", path);
    return write_file(path, text_of(memory.get()), 0600);
}

Result<void> write_identity(const fs::path& dir, const std::string& name, const Identity& made) {
    if (auto key = write_key(dir / (name + ".key"), made.key.get()); !key) return key;
    return write_certificate(dir / (name + ".crt"), made.certificate.get());
}

// --- issuing ---------------------------------------------------------------------------------

std::time_t to_seconds(Instant at) { return static_cast<std::time_t>(at.us / 1'000'000); }

bool is_address(const std::string& name) {
    std::array<unsigned char, 16> address{};
    return ::inet_pton(AF_INET, name.c_str(), address.data()) == 1 ||
           ::inet_pton(AF_INET6, name.c_str(), address.data()) == 1;
}

bool is_dns_name(const std::string& name) {
    return !name.empty() && name.size() <= 253 &&
           std::all_of(name.begin(), name.end(), [](unsigned char c) {
               return std::isalnum(c) != 0 || c == '-' || c == '.' || c == '_';
           });
}

std::string alternative_names(const std::vector<std::string>& names) {
    std::string text;
    for (const std::string& name : names)
        text += (text.empty() ? "" : ",") + std::string(is_address(name) ? "IP:" : "DNS:") + name;
    return text;
}

bool set_serial(X509* certificate) {
    std::array<unsigned char, 16> random{};
    if (RAND_bytes(random.data(), static_cast<int>(random.size())) != 1) return false;
    random[0] &= 0x7f;  // never negative
    const Number number(BN_bin2bn(random.data(), static_cast<int>(random.size()), nullptr));
    return number &&
           BN_to_ASN1_INTEGER(number.get(), X509_get_serialNumber(certificate)) != nullptr;
}

// A leaf never outlives its authority.
bool set_life(X509* certificate, const Profile& profile, X509* issuer, Instant now) {
    const auto from = to_seconds(now - backdate);
    const auto to = to_seconds(now + profile.life);
    if (ASN1_TIME_set(X509_getm_notBefore(certificate), from) == nullptr) return false;
    const Time end(ASN1_TIME_set(nullptr, to));
    if (!end) return false;
    const ASN1_TIME* last = X509_get0_notAfter(issuer);
    const bool outlives = issuer != certificate && ASN1_TIME_compare(end.get(), last) > 0;
    return X509_set1_notAfter(certificate, outlives ? last : end.get()) == 1;
}

bool set_subject(X509* certificate, const char* common_name) {
    X509_NAME* subject = X509_get_subject_name(certificate);
    const auto add = [&](const char* field, const char* text) {
        return X509_NAME_add_entry_by_txt(subject, field, MBSTRING_ASC,
                                          reinterpret_cast<const unsigned char*>(text), -1, -1,
                                          0) == 1;
    };
    return add("O", "quorate") && add("CN", common_name);
}

bool add_extension(X509* certificate, X509* issuer, int nid, const std::string& value) {
    X509V3_CTX context{};
    X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
    const Extension extension(X509V3_EXT_conf_nid(nullptr, &context, nid, value.c_str()));
    return extension && X509_add_ext(certificate, extension.get(), -1) == 1;
}

bool add_extensions(X509* certificate, const Profile& profile, X509* issuer,
                    const std::vector<std::string>& names) {
    const auto add = [&](int nid, const std::string& value) {
        return add_extension(certificate, issuer, nid, value);
    };
    bool good = add(NID_basic_constraints, profile.basic_constraints) &&
                add(NID_key_usage, profile.key_usage) && add(NID_subject_key_identifier, "hash") &&
                add(NID_authority_key_identifier, "keyid");
    if (good && profile.extended_key_usage != nullptr)
        good = add(NID_ext_key_usage, profile.extended_key_usage);
    if (good && profile.role == Role::peer)
        good = add(NID_subject_alt_name, alternative_names(names));
    return good;
}

struct Issue {
    const Profile& profile;
    EVP_PKEY* subject_key;
    const Identity* issuer;  // nullptr: itself
    const std::vector<std::string>& names;
    Instant now;
};

Certificate issue(const Issue& order) {
    Certificate certificate(X509_new());
    if (!certificate) return {};
    X509* made = certificate.get();
    X509* issuer = order.issuer == nullptr ? made : order.issuer->certificate.get();
    EVP_PKEY* issuer_key = order.issuer == nullptr ? order.subject_key : order.issuer->key.get();
    const bool good = X509_set_version(made, X509_VERSION_3) == 1 && set_serial(made) &&
                      set_life(made, order.profile, issuer, order.now) &&
                      set_subject(made, order.profile.common_name) &&
                      X509_set_issuer_name(made, X509_get_subject_name(issuer)) == 1 &&
                      X509_set_pubkey(made, order.subject_key) == 1 &&
                      add_extensions(made, order.profile, issuer, order.names) &&
                      X509_sign(made, issuer_key, EVP_sha256()) != 0;
    return good ? std::move(certificate) : Certificate{};
}

Key make_key() { return Key(EVP_EC_gen("P-256")); }

// --- creation --------------------------------------------------------------------------------

Result<void> fill(const fs::path& dir, const std::vector<std::string>& names, Instant now) {
    const auto add = [&](const std::string& name, const Profile& profile,
                         const Identity* issuer) -> Result<Identity> {
        Identity made;
        made.key = make_key();
        if (!made.key) return openssl_failed("cannot make a key", dir / name);
        made.certificate = issue({profile, made.key.get(), issuer, names, now});
        if (!made.certificate) return openssl_failed("cannot make a certificate", dir / name);
        if (auto written = write_identity(dir, name, made); !written)
            return tl::unexpected(written.error());
        return made;
    };
    auto authority = add("ca", authority_profile, nullptr);
    if (!authority) return tl::unexpected(authority.error());
    if (auto peer = add("peer", peer_profile, &*authority); !peer)
        return tl::unexpected(peer.error());
    if (auto client = add("client", client_profile, &*authority); !client)
        return tl::unexpected(client.error());
    return sync_directory(dir);
}

// True: `dir` is now the new one. False: somebody else's came first.
Result<bool> move_into_place(const fs::path& made, const fs::path& dir) {
    if (::rename(made.c_str(), dir.c_str()) != 0) {
        if (errno == ENOTEMPTY || errno == EEXIST) return false;
        return system_failed("cannot move the new certificates into place", errno, dir);
    }
    if (auto synced = sync_directory(dir.parent_path()); !synced)
        return tl::unexpected(synced.error());
    return true;
}

Result<bool> create(const fs::path& dir, const std::vector<std::string>& names, Instant now) {
    std::error_code error;
    fs::create_directories(dir.parent_path(), error);
    if (error) return system_failed("cannot create the directory", error.value(), dir);
    std::string made = (dir.parent_path() / ("." + dir.filename().string() + ".XXXXXX")).string();
    // mkdtemp makes it 0700, and the rename keeps that.
    if (::mkdtemp(made.data()) == nullptr)
        return system_failed("cannot create a directory", errno, made);
    auto filled = fill(made, names, now);
    auto moved = filled ? move_into_place(made, dir) : Result<bool>(tl::unexpected(filled.error()));
    if (!moved || !*moved) fs::remove_all(made, error);
    return moved;
}

// --- checking --------------------------------------------------------------------------------

Result<Identity> read_identity(const fs::path& dir, const std::string& name) {
    const fs::path certificate_path = dir / (name + ".crt");
    const fs::path key_path = dir / (name + ".key");
    auto certificate = read_file(certificate_path);
    if (!certificate) return tl::unexpected(certificate.error());
    auto key = read_file(key_path);
    if (!key) return tl::unexpected(key.error());

    Identity found;
    found.certificate.reset(
        PEM_read_bio_X509(memory_of(*certificate).get(), nullptr, nullptr, nullptr));
    if (!found.certificate)
        return damaged("not a certificate: " + openssl_text(), certificate_path);
    // An encrypted key has no password here; without a callback OpenSSL would ask the terminal.
    const auto no_password = [](char*, int, int, void*) { return -1; };
    found.key.reset(PEM_read_bio_PrivateKey(memory_of(*key).get(), nullptr, no_password, nullptr));
    if (!found.key) return damaged("not a private key: " + openssl_text(), key_path);
    if (X509_check_private_key(found.certificate.get(), found.key.get()) != 1) {
        ERR_clear_error();
        return damaged("the key does not belong to its certificate", key_path);
    }
    return found;
}

// Of the certificate's life at `now`: begun, two thirds over, over.
struct Age {
    bool expired = false;
    bool old = false;
};

std::int64_t seconds_between(const ASN1_TIME* from, const ASN1_TIME* to) {
    int days = 0;
    int rest = 0;
    if (ASN1_TIME_diff(&days, &rest, from, to) != 1) return 0;
    return std::int64_t{days} * 86'400 + rest;
}

Age age_of(X509* certificate, Instant now) {
    const Time at(ASN1_TIME_set(nullptr, to_seconds(now)));
    const auto lived = seconds_between(X509_get0_notBefore(certificate), at.get());
    const auto life =
        seconds_between(X509_get0_notBefore(certificate), X509_get0_notAfter(certificate));
    return {lived >= life, lived * 3 >= life * 2};
}

bool covers(X509* certificate, const std::string& name) {
    if (is_address(name)) return X509_check_ip_asc(certificate, name.c_str(), 0) == 1;
    return X509_check_host(certificate, name.c_str(), name.size(),
                           X509_CHECK_FLAG_NEVER_CHECK_SUBJECT, nullptr) == 1;
}

// Two agents may renew at once: each writes a file of its own, and either result is good.
Result<void> replace_certificate(const fs::path& dir, const std::string& name, X509* certificate) {
    const fs::path path = dir / (name + ".crt");
    std::string next = path.string() + ".XXXXXX";
    const int file = ::mkostemp(next.data(), O_CLOEXEC);
    if (file < 0) return system_failed("cannot create", errno, next);
    ::close(file);
    auto written = write_certificate(next, certificate);
    if (written && ::rename(next.c_str(), path.c_str()) != 0)
        written = system_failed("cannot replace a certificate", errno, path);
    if (written) return sync_directory(dir);
    ::unlink(next.c_str());
    return written;
}

// The key stays, so that certificate and key belong together at every moment.
Result<void> check_leaf(const fs::path& dir, const std::string& name, const Issue& wanted,
                        const Identity& leaf) {
    const fs::path path = dir / (name + ".crt");
    if (X509_verify(leaf.certificate.get(), wanted.issuer->key.get()) != 1) {
        ERR_clear_error();
        return damaged("the certificate is not signed by ca.crt beside it", path);
    }
    const bool complete =
        wanted.profile.role != Role::peer ||
        std::all_of(wanted.names.begin(), wanted.names.end(), [&](const std::string& wanted_name) {
            return covers(leaf.certificate.get(), wanted_name);
        });
    if (complete && !age_of(leaf.certificate.get(), wanted.now).old) return {};
    const Certificate renewed = issue(wanted);
    if (!renewed) return openssl_failed("cannot renew the certificate", path);
    return replace_certificate(dir, name, renewed.get());
}

Result<void> check(const fs::path& dir, const std::vector<std::string>& names, Instant now) {
    auto authority = read_identity(dir, "ca");
    if (!authority) return tl::unexpected(authority.error());
    if (age_of(authority->certificate.get(), now).expired)
        return damaged("the certificate authority has expired", dir / "ca.crt");
    auto peer = read_identity(dir, "peer");
    if (!peer) return tl::unexpected(peer.error());
    auto client = read_identity(dir, "client");
    if (!client) return tl::unexpected(client.error());

    auto checked =
        check_leaf(dir, "peer", {peer_profile, peer->key.get(), &*authority, names, now}, *peer);
    if (!checked) return checked;
    return check_leaf(dir, "client", {client_profile, client->key.get(), &*authority, names, now},
                      *client);
}

Result<void> check_names(const std::vector<std::string>& names, const fs::path& dir) {
    if (names.empty()) return refused("a peer certificate needs at least one name", dir);
    for (const std::string& name : names) {
        if (!is_address(name) && !is_dns_name(name))
            return refused("neither a DNS name nor an address: \"" + name + "\"", dir);
    }
    return {};
}

fs::path whole_path(const fs::path& dir) {
    std::error_code error;
    const fs::path whole = fs::absolute(dir, error).lexically_normal();
    return whole.has_filename() ? whole : whole.parent_path();
}

Instant now_or_clock(std::optional<Instant> now) {
    return now.value_or(Instant{std::int64_t{std::time(nullptr)} * 1'000'000});
}

// Made when it is missing, else checked and renewed.
Result<void> ensure_leaf(const fs::path& dir, const std::string& file, const Profile& profile,
                         const std::vector<std::string>& names, std::optional<Instant> now) {
    const fs::path whole = whole_path(dir);
    if (auto good = check_names(names, whole); !good) return good;
    auto authority = read_identity(whole, "ca");
    if (!authority) return tl::unexpected(authority.error());
    const Issue order{profile, nullptr, &*authority, names, now_or_clock(now)};
    std::error_code error;
    // The certificate comes last: a key without one is what a crash left.
    if (fs::exists(whole / (file + ".crt"), error)) {
        auto leaf = read_identity(whole, file);
        if (!leaf) return tl::unexpected(leaf.error());
        Issue again = order;
        again.subject_key = leaf->key.get();
        return check_leaf(whole, file, again, *leaf);
    }
    const Key key = make_key();
    if (!key) return openssl_failed("cannot make a key", whole / file);
    if (auto written = write_key(whole / (file + ".key"), key.get()); !written) return written;
    Issue first = order;
    first.subject_key = key.get();
    const Certificate made = issue(first);
    if (!made) return openssl_failed("cannot make a certificate", whole / file);
    return replace_certificate(whole, file, made.get());
}

}  // namespace

Result<Instant> end_of_certificate(const fs::path& file) {
    auto text = read_file(file);
    if (!text) return tl::unexpected(text.error());
    const Certificate certificate(
        PEM_read_bio_X509(memory_of(*text).get(), nullptr, nullptr, nullptr));
    if (!certificate) return damaged("not a certificate: " + openssl_text(), file);
    const Time begin(ASN1_TIME_set(nullptr, 0));
    return Instant{seconds_between(begin.get(), X509_get0_notAfter(certificate.get())) * 1'000'000};
}

Result<void> ensure_certificate(const fs::path& dir, const std::string& file,
                                const std::string& name, std::optional<Instant> now) {
    return ensure_leaf(dir, file, agent_profile, {name}, now);
}

Result<void> ensure_etcd_certificates(const fs::path& dir, const std::vector<std::string>& names,
                                      std::optional<Instant> now) {
    const fs::path whole = whole_path(dir);
    auto authority = read_identity(whole, "ca");
    if (!authority) return tl::unexpected(authority.error());
    if (age_of(authority->certificate.get(), now_or_clock(now)).expired)
        return damaged("the certificate authority has expired", whole / "ca.crt");
    if (auto peer = ensure_leaf(whole, "peer", peer_profile, names, now); !peer) return peer;
    return ensure_leaf(whole, "client", client_profile, names, now);
}

Result<void> ensure_pki(const fs::path& dir, const std::vector<std::string>& names,
                        std::optional<Instant> now) {
    const fs::path whole = whole_path(dir);
    if (auto good = check_names(names, whole); !good) return good;
    const Instant at = now_or_clock(now);
    std::error_code error;
    const bool there = fs::exists(whole, error);
    if (error) return system_failed("cannot look at the directory", error.value(), whole);
    const bool empty = there && fs::is_directory(whole, error) && fs::is_empty(whole, error);
    if (error) return system_failed("cannot look at the directory", error.value(), whole);
    if (!there || empty) {
        auto created = create(whole, names, at);
        if (!created) return tl::unexpected(created.error());
        if (*created) return {};
    }
    return check(whole, names, at);
}

}  // namespace quorate::local
