// The verbs of kubectl quorate, one file each.
#pragma once

#include <CLI/CLI.hpp>

#include "tools/quorate/exit.hpp"

namespace quorate::cli::kubectl {

void add_status(CLI::App& app, Exit& exit);
void add_members(CLI::App& app, Exit& exit);
void add_explain(CLI::App& app, Exit& exit);
void add_recover(CLI::App& app, Exit& exit);
void add_journal(CLI::App& app, Exit& exit);
void add_policy(CLI::App& app, Exit& exit);
void add_pause(CLI::App& app, Exit& exit);  // and resume

}  // namespace quorate::cli::kubectl
