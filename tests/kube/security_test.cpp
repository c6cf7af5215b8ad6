// What a pod may do and what it tells.
#include <algorithm>
#include <ctime>
#include <filesystem>
#include <set>
#include <sstream>

#include "tests/kube/support/lifecycle.hpp"

namespace quorate::kube_e2e {
namespace fs = std::filesystem;
namespace {

struct Security : Lifecycle {};

TEST_F(Security, PodsRunUnderTheRestrictedProfile) {
    const std::string profile = "pod-security.kubernetes.io/";
    form({.replicas = 1,
          .labels = {profile + "enforce=restricted", profile + "enforce-version=latest"}});
    // The profile is in force: it refuses what is not restricted.
    const Ran refused =
        cluster().kubectl({"run", "loose", "--image=localhost/quorate:0.1.0", "--restart=Never"});
    EXPECT_NE(refused.status, 0) << refused.out;
    EXPECT_NE(refused.err.find("PodSecurity"), std::string::npos) << refused.err;
}

// What alert QuorateCertificateExpires of the chart looks at, 30 days before.
TEST_F(Security, WhenEachCertificateEndsIsAMetricOfItsPod) {
    form({.replicas = 1});
    const std::string metrics = page("http://" + cluster().pod_address(0) + ":2381/metrics");
    const double alert = static_cast<double>(std::time(nullptr)) + 30 * 86'400;
    for (const char* name : {"ca", "peer", "client", "agent-0"}) {
        const std::string series = "quorate_certificate_expires_timestamp_seconds{certificate=\"" +
                                   std::string(name) + "\",replica=\"0\"} ";
        const std::size_t at = metrics.find(series);
        ASSERT_NE(at, std::string::npos) << name << "\n" << metrics;
        EXPECT_GT(std::stod(metrics.substr(at + series.size())), alert) << name;
    }
}

// Lines of a PEM file, which are what would be printed of it.
Words lines_of(const std::string& pem) {
    Words lines;
    std::istringstream text(pem);
    for (std::string line; std::getline(text, line);)
        if (line.size() > 20 && !line.starts_with("-----")) lines.push_back(line);
    return lines;
}

// A whole repair, so that everything there is to tell is told.
TEST_F(Security, NoSecretIsInLogsStatusRecordEventsOrJournal) {
    form();
    const std::string id = cluster().member_id(2);
    cluster().delete_pod_and_claim(2);
    cluster().await_replaced(2, id);
    cluster().await_steady(3);
    Words secrets;
    for (const int i : {0, 1, 2})
        for (const auto& entry : fs::recursive_directory_iterator(cluster().volume(i) / "pki"))
            if (entry.path().extension() == ".key")
                for (const std::string& line : lines_of(e2e::text_of(entry.path())))
                    secrets.push_back(line);
    ASSERT_GT(secrets.size(), 9U) << "the keys of three replicas";
    // The kubelet's copy of the token that the pod shows the API server.
    for (const int i : {0, 1, 2}) {
        const std::string pid = lab(
            {"container-pid", cluster().space() + "/q-" + std::to_string(i), cluster().node_of(i)});
        const std::string token =
            e2e::text_of("/proc/" + std::to_string(std::stoi(pid)) +
                         "/root/var/run/secrets/kubernetes.io/serviceaccount/token");
        ASSERT_GT(token.size(), 100U);
        // What comes after the header, which is the same for everybody's.
        secrets.push_back(token.substr(token.find('.') + 1, 60));
    }
    std::vector<std::pair<std::string, std::string>> told;
    told.emplace_back("the objects", cluster().must_kubectl({"get", "configmaps,leases,events,pods",
                                                             "--output", "json"}));
    for (const int i : {0, 1, 2}) {
        const std::string name = "q-" + std::to_string(i);
        const std::string pages = "http://" + cluster().pod_address(i) + ":2381/";
        told.emplace_back("the log of " + name, cluster().logs(i));
        for (const char* page_name : {"status", "metrics", "readyz"})
            told.emplace_back(page_name + (" of " + name), page(pages + page_name));
        std::string journal = cluster().told_by_journal(i);
        for (const auto& entry : fs::recursive_directory_iterator(cluster().volume(i) / "journal"))
            if (entry.is_regular_file()) journal += e2e::text_of(entry.path());
        told.emplace_back("the journal of " + name, journal);
    }
    for (const auto& [what, text] : told) {
        EXPECT_FALSE(text.empty()) << what;
        for (const std::string& secret : secrets)
            EXPECT_EQ(text.find(secret), std::string::npos) << what;
    }
}

struct Rights : Lifecycle {
    struct Right {
        std::string group;
        std::string resource;
        std::string verb;
    };
    std::vector<Right> granted() {
        std::vector<Right> rights;
        const Json now = role();
        for (const Json& rule : now.at("rules"))
            for (const Json& resource : rule.at("resources"))
                for (const Json& verb : rule.at("verbs"))
                    rights.push_back({rule.at("apiGroups").at(0), resource, verb});
        return rights;
    }
    Json role() {
        return Json::parse(cluster().must_kubectl({"get", "role", "q", "--output", "json"}));
    }
    void take(const Right& right) {
        Json left = Json::array();
        const Json now = role();
        for (Json rule : now.at("rules")) {
            Json& verbs = rule["verbs"];
            if (rule["resources"].at(0) == right.resource)
                verbs.erase(std::remove(verbs.begin(), verbs.end(), Json(right.verb)), verbs.end());
            if (!verbs.empty()) left.push_back(rule);
        }
        const Json patch = {{"rules", left}};
        cluster().must_kubectl({"patch", "role", "q", "--type=merge", "--patch", patch.dump()});
    }
    // "get configmaps": by the pods' account, refused or not.
    std::set<std::string> used() {
        std::set<std::string> words;
        for (const Json& event : asked_by("system:serviceaccount:" + cluster().space() + ":q")) {
            const Json what = event.value("objectRef", Json::object());
            const std::string part = what.value("subresource", "");
            const std::string resource =
                what.value("resource", std::string(event.at("requestURI")));
            words.insert(event.at("verb").get<std::string>() + " " + resource +
                         (part.empty() ? "" : "/" + part));
        }
        return words;
    }
    bool is_missed(const Right& right) {
        const std::string words = "cannot " + right.verb + " resource \"" + right.resource + "\"";
        return cluster().logs(0).find(words) != std::string::npos ||
               cluster().logs(0, true).find(words) != std::string::npos;
    }
};

// Without it, an agent that starts, or wants to change members, says which verb on which resource
// is missing.
TEST_F(Rights, EachVerbIsNeeded) {
    install({.replicas = 0});
    const std::vector<Right> all = granted();
    ASSERT_GE(all.size(), 10U);
    for (const Right& right : all) {
        // Authority is wanted by who adds a member.
        const int before = right.resource == "leases" ? 1 : 0;
        install({.replicas = before});
        if (before > 0) cluster().await_steady(before);
        take(right);
        cluster().scale(before + 1);
        cluster().await("words about " + right.verb + " of " + right.resource,
                        [&] { return is_missed(right); });
    }
}

// A life with all there is in it: what the API server was asked is what the role grants, and all of
// it.
TEST_F(Rights, NoOtherVerbIsUsed) {
    form({.replicas = 1}, 3);
    cluster().scale(3);
    cluster().await_steady(3);
    const std::string id = cluster().member_id(2);
    cluster().delete_pod_and_claim(2);
    cluster().await_replaced(2, id);
    cluster().await_steady(3);
    cluster().scale(1);
    cluster().await_steady(1);
    std::set<std::string> granted_words;
    for (const Right& right : granted())
        granted_words.insert(right.verb + " " + right.resource);
    EXPECT_EQ(used(), granted_words);
    expect_epoch_one();
}

}  // namespace
}  // namespace quorate::kube_e2e
