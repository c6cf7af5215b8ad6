// A thousand cases for each law, twenty thousand in a long run, unless RC_PARAMS says otherwise; a
// failure prints the RC_PARAMS that show it again.
#include <gtest/gtest.h>

#include <cstdlib>

int main(int argc, char** argv) {
    const bool longer = std::getenv("QUORATE_LONG") != nullptr;
    setenv("RC_PARAMS", longer ? "max_success=20000" : "max_success=1000", 0);
    testing::InitGoogleTest(&argc, argv);
    return RUN_ALL_TESTS();
}
