#include "tools/quorate/kubectl/plugin.hpp"

#include <filesystem>

#include "tools/quorate/kubectl/verbs.hpp"
#include "tools/quorate/verbs.hpp"

namespace quorate::cli::kubectl {

bool is_plugin(const char* program) {
    return program != nullptr && std::filesystem::path(program).filename() == "kubectl-quorate";
}

void add_verbs(CLI::App& app, Exit& exit) {
    kubectl::add_status(app, exit);
    kubectl::add_members(app, exit);
    kubectl::add_explain(app, exit);
    kubectl::add_recover(app, exit);
    kubectl::add_journal(app, exit);
    add_replay(app, exit);
    kubectl::add_policy(app, exit);
    kubectl::add_pause(app, exit);
    add_version(app, exit);
}

}  // namespace quorate::cli::kubectl
