// One program, one verb a file. What it prints on stdout is the answer; stderr has errors, one line
// each; exit codes are in exit.hpp.
#include "adapters/host/settings.hpp"
#include "tools/quorate/kubectl/plugin.hpp"
#include "tools/quorate/verbs.hpp"

namespace {

// CLI11's own messages, on one line and in our form.
int say(const CLI::App& app, const CLI::ParseError& error) {
    using quorate::cli::Exit;
    if (error.get_exit_code() == 0) return app.exit(error);  // --help
    const CLI::App* asked = &app;
    std::string command = app.get_name();
    while (!asked->get_subcommands().empty()) {
        asked = asked->get_subcommands().front();
        command += " " + asked->get_name();
    }
    std::string line = error.what();
    for (char& c : line)
        if (c == '\n') c = ' ';
    std::vector<std::string> verbs;
    for (const CLI::App* verb : asked->get_subcommands({}))
        verbs.push_back(verb->get_name());
    const std::vector<std::string> left = asked->remaining();
    if (!verbs.empty() && !left.empty() && !left.front().starts_with("-"))
        line = "there is no verb \"" + left.front() + "\"; the nearest is \"" +
               quorate::host::nearest(left.front(), verbs) + "\"";
    return static_cast<int>(
        quorate::cli::fail(Exit::usage, line + "; " + command + " --help lists what there is"));
}

void add_verbs(CLI::App& app, quorate::cli::Exit& exit) {
    using namespace quorate::cli;
    add_up(app, exit);
    add_down(app, exit);
    add_scale(app, exit);
    add_status(app, exit);
    add_wait(app, exit);
    add_explain(app, exit);
    add_journal(app, exit);
    add_replay(app, exit);
    add_recover(app, exit);
    add_sim(app, exit);
    add_upgrade(app, exit);
    add_run(app, exit);
    add_version(app, exit);
}

}  // namespace

int main(int argc, char** argv) {
    using namespace quorate::cli;
    const bool plugin = kubectl::is_plugin(argv[0]);
    CLI::App app("Keeps etcd quorate: forms, grows, shrinks, heals, and can say why.",
                 plugin ? "kubectl quorate" : "quorate");
    app.require_subcommand(1);
    Exit exit = Exit::ok;
    if (plugin)
        kubectl::add_verbs(app, exit);
    else
        add_verbs(app, exit);
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        return say(app, error);
    } catch (const std::exception& error) {
        return static_cast<int>(fail(Exit::failed, std::string("unexpected: ") + error.what()));
    }
    return static_cast<int>(exit);
}
