#include "adapters/peer/trust.hpp"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509_vfy.h>

#include <memory>
#include <vector>

namespace quorate::peer {
namespace {

template <class T, void (*free_it)(T*)>
struct Freed {
    void operator()(T* held) const { free_it(held); }
};
using Key = std::unique_ptr<EVP_PKEY, Freed<EVP_PKEY, EVP_PKEY_free>>;
using Certificate = std::unique_ptr<X509, Freed<X509, X509_free>>;
using Memory = std::unique_ptr<BIO, Freed<BIO, BIO_free_all>>;
using Store = std::unique_ptr<X509_STORE, Freed<X509_STORE, X509_STORE_free>>;
using Context = std::unique_ptr<X509_STORE_CTX, Freed<X509_STORE_CTX, X509_STORE_CTX_free>>;

void free_stack(STACK_OF(X509) * stack) { sk_X509_free(stack); }
using Stack = std::unique_ptr<STACK_OF(X509), Freed<STACK_OF(X509), free_stack>>;

std::vector<Certificate> certificates_in(const std::string& pem) {
    const Memory memory(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
    std::vector<Certificate> found;
    while (Certificate next{PEM_read_bio_X509(memory.get(), nullptr, nullptr, nullptr)})
        found.push_back(std::move(next));
    ERR_clear_error();  // that there is no further one
    return found;
}

Store store_of(const std::vector<Certificate>& authorities) {
    Store store(X509_STORE_new());
    for (const Certificate& authority : authorities)
        X509_STORE_add_cert(store.get(), authority.get());
    return store;
}

Distrust in_words(int error) {
    const bool not_now =
        error == X509_V_ERR_CERT_HAS_EXPIRED || error == X509_V_ERR_CERT_NOT_YET_VALID;
    return {not_now ? Doubt::expired : Doubt::other_authority,
            X509_verify_cert_error_string(error)};
}

}  // namespace

std::optional<Distrust> distrust(const std::string& chain, const std::string& authority, End end) {
    const std::vector<Certificate> presented = certificates_in(chain);
    if (presented.empty()) return Distrust{Doubt::other_authority, "no certificate"};
    const Store store = store_of(certificates_in(authority));
    const Stack between(sk_X509_new_null());
    for (std::size_t i = 1; i < presented.size(); ++i)
        sk_X509_push(between.get(), presented[i].get());
    const Context context(X509_STORE_CTX_new());
    const char* purpose = end == End::client ? "ssl_client" : "ssl_server";
    const bool ready = X509_STORE_CTX_init(context.get(), store.get(), presented.front().get(),
                                           between.get()) == 1 &&
                       X509_STORE_CTX_set_default(context.get(), purpose) == 1;
    if (ready && X509_verify_cert(context.get()) == 1) return std::nullopt;
    ERR_clear_error();
    return in_words(ready ? X509_STORE_CTX_get_error(context.get()) : X509_V_ERR_UNSPECIFIED);
}

bool belong_together(const std::string& chain, const std::string& key) {
    const std::vector<Certificate> certificates = certificates_in(chain);
    const Memory memory(BIO_new_mem_buf(key.data(), static_cast<int>(key.size())));
    // An encrypted key has no password here; without a callback OpenSSL would ask the terminal.
    const auto no_password = [](char*, int, int, void*) { return -1; };
    const Key own(PEM_read_bio_PrivateKey(memory.get(), nullptr, no_password, nullptr));
    const bool together = own && !certificates.empty() &&
                          X509_check_private_key(certificates.front().get(), own.get()) == 1;
    ERR_clear_error();
    return together;
}

}  // namespace quorate::peer
