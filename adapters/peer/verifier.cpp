#include "adapters/peer/verifier.hpp"

#include <utility>

namespace quorate::peer {
namespace {

using grpc::experimental::TlsCustomVerificationCheckRequest;

std::string text_of(grpc::string_ref text) { return {text.data(), text.size()}; }

Shown shown_in(const TlsCustomVerificationCheckRequest& request) {
    Shown shown;
    // On the server's side the chain lacks the certificate itself; twice does not matter.
    shown.chain = text_of(request.peer_cert()) + text_of(request.peer_cert_full_chain());
    for (const grpc::string_ref& name : request.dns_names())
        shown.names.push_back(text_of(name));
    return shown;
}

class Verifier final : public grpc::experimental::ExternalCertificateVerifier {
  public:
    explicit Verifier(std::function<std::optional<std::string>(const Shown&)> judge)
        : judge_(std::move(judge)) {}

    bool Verify(TlsCustomVerificationCheckRequest* request, std::function<void(grpc::Status)>,
                grpc::Status* judged) override {
        const auto doubt = judge_(shown_in(*request));
        if (doubt) *judged = {grpc::StatusCode::UNAUTHENTICATED, *doubt};
        return true;
    }
    void Cancel(TlsCustomVerificationCheckRequest*) override {}  // nothing is ever under way

  private:
    const std::function<std::optional<std::string>(const Shown&)> judge_;
};

}  // namespace

std::shared_ptr<grpc::experimental::CertificateVerifier> verifier(
    std::function<std::optional<std::string>(const Shown&)> judge) {
    return grpc::experimental::ExternalCertificateVerifier::Create<Verifier>(std::move(judge));
}

}  // namespace quorate::peer
