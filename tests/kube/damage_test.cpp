// A replica that lost its data comes back as another member, with all of the content.
#include "tests/kube/support/lifecycle.hpp"

namespace quorate::kube_e2e {
namespace {

struct Damage : Lifecycle {};

TEST_F(Damage, ADeletedClaimIsFilledAgainAlsoThatOfReplicaZero) {
    form();
    for (const int ordinal : {0, 2}) {
        const std::string id = cluster().member_id(ordinal);
        cluster().delete_pod_and_claim(ordinal);
        cluster().await_replaced(ordinal, id);
        cluster().await_steady(3);
        expect_writes_go_on();
    }
    expect_epoch_one();
}

}  // namespace
}  // namespace quorate::kube_e2e
