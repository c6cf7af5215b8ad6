// How vcluster.yaml is read: what of it counts, what is left alone, and in which words the rest is
// refused. An error is FILE:LINE and PATH: VALUE and what to write instead, on one line.
#include "adapters/vcluster/config.hpp"

#include <gtest/gtest.h>
#include <yaml-cpp/yaml.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <random>
#include <set>

#include "adapters/vcluster/document.hpp"
#include "adapters/vcluster/schema.hpp"
#include "core/base/limits.hpp"

namespace quorate::vcluster {
namespace {

// What stands on the lines after the switch of embedded etcd is each test's own.
const std::string with_etcd =
    "controlPlane:\n"
    "  backingStore:\n"
    "    etcd:\n"
    "      embedded:\n"
    "        enabled: true\n";

Config parsed(const std::string& text) {
    const auto config = parse_config(text, "vcluster.yaml");
    EXPECT_TRUE(config) << config.error().where << ": " << config.error().what;
    return config ? *config : Config{};
}

// As a person sees it; empty when it was not refused.
std::string why(const std::string& text) {
    const auto config = parse_config(text, "vcluster.yaml");
    if (config) return {};
    EXPECT_EQ(config.error().what.find('\n'), std::string::npos) << config.error().what;
    return config.error().where + ": " + config.error().what;
}

TEST(VclusterConfig, OneSwitchTurnsEtcdOnAndEverythingElseHasADefault) {
    Config expected;
    EXPECT_EQ(parsed(with_etcd), expected);
    EXPECT_EQ(expected.replicas, 1U);
    EXPECT_EQ(expected.choices.snapshot_count, 10'000U);
    EXPECT_TRUE(expected.persistent);
}

TEST(VclusterConfig, WhatVclusterSaysOfTheStatefulSetIsRead) {
    const Config config = parsed(with_etcd +
                                 "        snapshotCount: 5000\n"
                                 "        extraArgs: [--quota-backend-bytes=8589934592]\n"
                                 "  statefulSet:\n"
                                 "    highAvailability: {replicas: 3}\n"
                                 "    scheduling: {podManagementPolicy: OrderedReady}\n");
    EXPECT_EQ(config.store, Store::embedded_etcd);
    EXPECT_EQ(config.replicas, 3U);
    EXPECT_EQ(config.pod_management, PodManagement::ordered);
    EXPECT_EQ(config.choices.snapshot_count, 5000U);
    EXPECT_EQ(config.choices.etcd_arguments,
              std::vector<std::string>{"--quota-backend-bytes=8589934592"});
    EXPECT_TRUE(config.warnings.empty());
}

TEST(VclusterConfig, OurOwnSectionIsRead) {
    const Config config = parsed(
        with_etcd +
        "quorate:\n"
        "  settings: {unresponsive_after: 1m30s, journal_bytes_max: 8MiB}\n"
        "  etcd: /opt/etcd\n"
        "  controlPlane:\n"
        "    command: [kube-apiserver, --secure-port=8443]\n"
        "    env: [{name: LEVEL, value: '2'}, {name: TOKEN, valueFrom: {secretKeyRef: {}}}]\n"
        "  image: {tag: next}\n");
    EXPECT_EQ(config.choices.policy.unresponsive_after, seconds(90));
    EXPECT_EQ(config.choices.journal_bytes_max, Bytes{8U << 20});
    EXPECT_EQ(config.etcd, "/opt/etcd");
    EXPECT_EQ(config.control_plane,
              (std::vector<std::string>{"kube-apiserver", "--secure-port=8443"}));
    EXPECT_EQ(config.control_plane_env, (std::vector<std::string>{"LEVEL", "TOKEN"}));
}

TEST(VclusterConfig, KeysOfOthersAreLeftAlone) {
    EXPECT_EQ(why(with_etcd +
                  "  coredns: {enabled: 3}\n"
                  "  statefulSet: {resources: {limits: {memory: 4Gi}}, probes: no, pods: []}\n"
                  "sync: {toHost: {pods: {enabled: true}}}\n"
                  "networking: ~\n"),
              "");
}

// --- stores (requirements E1) ---

TEST(VclusterStore, EachOfThemIsRecognized) {
    const std::map<std::string, Store> stores = {
        {"{database: {external: {enabled: true, dataSource: 'mysql://x', connector: y}}}",
         Store::external_database},
        {"{etcd: {embedded: {enabled: true}}}", Store::embedded_etcd},
        {"{etcd: {external: {enabled: true, endpoint: 'e:2379', tls: {caFile: /ca}}}}",
         Store::external_etcd},
        {"{etcd: {deploy: {enabled: true, service: {enabled: false}}}}", Store::deployed_etcd},
    };
    for (const auto& [text, store] : stores)
        EXPECT_EQ(parsed("controlPlane: {backingStore: " + text + "}").store, store) << text;
}

TEST(VclusterStore, NoneMeansTheEmbeddedDatabaseWhichIsRefusedWithTheWayOn) {
    for (const std::string text :
         {"", "---\n", "controlPlane: {}\n", "controlPlane:\n  backingStore:\n",
          "controlPlane: {backingStore: {etcd: {embedded: {enabled: false}}}}\n"}) {
        EXPECT_NE(why(text).find("controlPlane.backingStore: no store is on"), std::string::npos)
            << why(text);
        EXPECT_NE(why(text).find("controlPlane.backingStore.etcd.embedded.enabled: true"),
                  std::string::npos);
    }
}

TEST(VclusterStore, TheEmbeddedDatabaseIsRefusedWithTheWayOn) {
    const std::string text =
        "controlPlane:\n  backingStore:\n    database: {embedded: {enabled: true}}\n";
    EXPECT_EQ(
        why(text),
        "vcluster.yaml:3: controlPlane.backingStore.database.embedded.enabled: true: the "
        "embedded database, that Quorate does not run, and does not migrate yet; turn its etcd "
        "on with controlPlane.backingStore.etcd.embedded.enabled: true instead of it");
}

TEST(VclusterStore, SeveralAreRefusedAndAllNamed) {
    EXPECT_EQ(
        why(with_etcd +
            "      deploy: {enabled: true}\n    database: {embedded: {enabled: true}}\n"),
        "vcluster.yaml:2: controlPlane.backingStore: database.embedded.enabled and "
        "etcd.embedded.enabled and etcd.deploy.enabled are true; only one store may be: leave "
        "one");
}

TEST(VclusterStore, EachPairIsRefusedAndBothAreNamed) {
    const std::pair<std::string, std::string> stores[] = {{"database", "embedded"},
                                                          {"database", "external"},
                                                          {"etcd", "embedded"},
                                                          {"etcd", "external"},
                                                          {"etcd", "deploy"}};
    const auto on = [](const std::string& store) { return store + ": {enabled: true}"; };
    for (const auto& [family, store] : stores)
        for (const auto& [other_family, other] : stores) {
            if (family >= other_family && store >= other) continue;
            const std::string both =
                family == other_family
                    ? family + ": {" + on(store) + ", " + on(other) + "}"
                    : family + ": {" + on(store) + "}, " + other_family + ": {" + on(other) + "}";
            const std::string told = why("controlPlane: {backingStore: {" + both + "}}\n");
            EXPECT_NE(told.find(family + "." + store + ".enabled"), std::string::npos) << told;
            EXPECT_NE(told.find(other_family + "." + other + ".enabled"), std::string::npos);
            EXPECT_NE(told.find("only one store may be"), std::string::npos);
        }
}

TEST(VclusterStore, AMigrationIsRefusedRatherThanBegunEmpty) {
    EXPECT_EQ(why(with_etcd + "        migrateFromDeployedEtcd: true\n"),
              "vcluster.yaml:6: controlPlane.backingStore.etcd.embedded.migrateFromDeployedEtcd: "
              "true: Quorate does not migrate yet, and would begin empty; set it to false to begin "
              "empty on purpose");
}

// --- what is wrong is told with path, value and next step ---

struct Refused {
    const char* name;
    const char* added;  // to with_etcd
    const char* told;
};
void PrintTo(const Refused& row, std::ostream* out) { *out << row.name; }

class VclusterRefuses : public testing::TestWithParam<Refused> {};

TEST_P(VclusterRefuses, WithFileLinePathValueAndNextStep) {
    EXPECT_EQ(why(with_etcd + GetParam().added), "vcluster.yaml:" + std::string(GetParam().told));
}

// clang-format off
constexpr Refused rows[] = {
    {"UnknownKeyOfAStore", "        snapshotcount: 7\n",
     "6: controlPlane.backingStore.etcd.embedded.snapshotcount: 7 unknown key; the nearest known is controlPlane.backingStore.etcd.embedded.snapshotCount"},
    {"UnknownSectionOfStores", "      embeded:\n        enabled: true\n",
     "6: controlPlane.backingStore.etcd.embeded: unknown key; the nearest known is controlPlane.backingStore.etcd.embedded"},
    {"UnknownHighAvailability", "  statefulSet:\n    highAvailability:\n      replica: 3\n",
     "8: controlPlane.statefulSet.highAvailability.replica: 3 unknown key; the nearest known is controlPlane.statefulSet.highAvailability.replicas"},
    {"UnknownPersistence", "  statefulSet: {persistence: {volumeClaims: {}}}\n",
     "6: controlPlane.statefulSet.persistence.volumeClaims: unknown key; the nearest known is controlPlane.statefulSet.persistence.volumeClaim"},
    {"UnknownScheduling", "  statefulSet: {scheduling: {podManagement: Parallel}}\n",
     "6: controlPlane.statefulSet.scheduling.podManagement: \"Parallel\" unknown key; the nearest known is controlPlane.statefulSet.scheduling.podManagementPolicy"},
    {"UnknownSecurity", "  statefulSet: {security: {podSecurity: {}}}\n",
     "6: controlPlane.statefulSet.security.podSecurity: unknown key; the nearest known is controlPlane.statefulSet.security.podSecurityContext"},
    {"UnknownKeyOfOurs", "quorate: {setings: {}}\n",
     "6: quorate.setings: unknown key; the nearest known is quorate.settings"},
    {"UnknownSetting", "quorate:\n  settings:\n    unresponsive: 2m\n",
     "8: quorate.settings.unresponsive: \"2m\" unknown key; the nearest known is quorate.settings.unresponsive_after"},
    {"SettingSaidElsewhere", "quorate: {settings: {snapshot_count: 7}}\n",
     "6: quorate.settings.snapshot_count: 7 is not for pods: set controlPlane.backingStore.etcd.embedded.snapshotCount instead"},
    {"SettingOfOneMachine", "quorate: {settings: {peers_over: unix}}\n",
     "6: quorate.settings.peers_over: \"unix\" is not for pods: agents in pods always speak tcp; leave it out"},
    {"SettingThatIsNoDuration", "quorate: {settings: {probe_period: 2x}}\n",
     "6: quorate.settings.probe_period: \"2x\" is not a duration such as 200ms, 5s or 1m30s"},
    {"SettingOutOfRange", "quorate: {settings: {probe_period: 1ms}}\n",
     "6: quorate.settings.probe_period: probe_period: \"1ms\" is not from 10ms to 8760h"},
    {"SettingsThatDoNotGoTogether", "quorate: {settings: {restart_backoff_min: 1h}}\n",
     "6: quorate.settings: restart_backoff_min (1h) is longer than restart_backoff_max (30s)"},
    {"ReplicasInWords", "  statefulSet:\n    highAvailability: {replicas: three}\n",
     "7: controlPlane.statefulSet.highAvailability.replicas: \"three\" is not a whole number from 0 to 9"},
    {"ReplicasInQuotes", "  statefulSet:\n    highAvailability: {replicas: '3'}\n",
     "7: controlPlane.statefulSet.highAvailability.replicas: \"3\" is not a whole number from 0 to 9"},
    {"TooManyReplicas", "  statefulSet:\n    highAvailability: {replicas: 10}\n",
     "7: controlPlane.statefulSet.highAvailability.replicas: 10 is not a whole number from 0 to 9"},
    {"NegativeReplicas", "  statefulSet:\n    highAvailability: {replicas: -1}\n",
     "7: controlPlane.statefulSet.highAvailability.replicas: -1 is not a whole number from 0 to 9"},
    {"AThirdPolicy", "  statefulSet: {scheduling: {podManagementPolicy: Ordered}}\n",
     "6: controlPlane.statefulSet.scheduling.podManagementPolicy: \"Ordered\" is not Parallel or OrderedReady"},
    {"AThirdKindOfClaim", "  statefulSet: {persistence: {volumeClaim: {enabled: sometimes}}}\n",
     "6: controlPlane.statefulSet.persistence.volumeClaim.enabled: \"sometimes\" is not auto, true or false"},
    {"ASizeWithoutSense", "  statefulSet: {persistence: {volumeClaim: {size: 5 GB}}}\n",
     "6: controlPlane.statefulSet.persistence.volumeClaim.size: \"5 GB\" is not a size such as 5Gi"},
    {"AListThatIsAText", "        extraArgs: --x=1\n",
     "6: controlPlane.backingStore.etcd.embedded.extraArgs: \"--x=1\" is not a list of texts"},
    {"AnItemThatIsANumber", "        extraArgs:\n          - --x\n          - 1\n",
     "8: controlPlane.backingStore.etcd.embedded.extraArgs[1]: 1 is not a text; put it in quotes when it looks like a number"},
    {"ASectionThatIsAText", "  statefulSet: 3\n",
     "6: controlPlane.statefulSet: 3 is not a mapping"},
    {"AManagedArgument", "        extraArgs:\n          - --max-txn-ops=1\n          - --data-dir=/x\n",
     "8: controlPlane.backingStore.etcd.embedded.extraArgs[1]: the extra argument --data-dir is managed by quorate; leave it out"},
    {"AManagedArgumentInTwoWords", "        extraArgs: [--max-txn-ops, '1', -name, x]\n",
     "6: controlPlane.backingStore.etcd.embedded.extraArgs[2]: the extra argument --name is managed by quorate; leave it out"},
    {"AnArgumentWithoutDashes", "        extraArgs: [--max-txn-ops=1, quota]\n",
     "6: controlPlane.backingStore.etcd.embedded.extraArgs[1]: \"quota\" is not of the form --flag=value"},
    {"AQuotaWithAUnit", "        extraArgs: [--quota-backend-bytes=4GiB]\n",
     "6: controlPlane.backingStore.etcd.embedded.extraArgs[0]: --quota-backend-bytes: \"4GiB\" is not a number of bytes; etcd knows no units: 4 GiB are 4294967296"},
    {"AQuotaWithAUnitInTwoWords", "        extraArgs: [--quota-backend-bytes, 4Gi]\n",
     "6: controlPlane.backingStore.etcd.embedded.extraArgs: --quota-backend-bytes: \"4Gi\" is not a number of bytes; etcd knows no units: 4 GiB are 4294967296"},
    {"ASnapshotCountBeyondEtcds", "        snapshotCount: 4294967296\n",
     "6: controlPlane.backingStore.etcd.embedded.snapshotCount: 4294967296 is too large"},
    {"AKeyTwice", "        enabled: false\n",
     "6: controlPlane.backingStore.etcd.embedded.enabled: stands there twice; keep one"},
    {"AnUnknownKeyInAList", "quorate:\n  controlPlane:\n    ports: [{name: api, prot: 8443}]\n",
     "8: quorate.controlPlane.ports[0].prot: 8443 unknown key; the nearest known is quorate.controlPlane.ports[0].port"},
};
// clang-format on
INSTANTIATE_TEST_SUITE_P(Rows, VclusterRefuses, testing::ValuesIn(rows),
                         [](const auto& row) { return std::string(row.param.name); });

// --- the syntax of vCluster 0.19 and older (requirements E4) ---

struct Former {
    const char* text;
    const char* path;
    const char* now;
};
class VclusterFormer : public testing::TestWithParam<Former> {};

TEST_P(VclusterFormer, SyntaxIsRefusedAndNamedWithItsNewForm) {
    const std::string told = why(with_etcd + GetParam().text);
    EXPECT_EQ(told.find("vcluster.yaml:6: " + std::string(GetParam().path) + ": "), 0U) << told;
    EXPECT_NE(told.find("is now " + std::string(GetParam().now)), std::string::npos) << told;
    EXPECT_NE(told.find("vcluster convert config"), std::string::npos) << told;
}

// clang-format off
INSTANTIATE_TEST_SUITE_P(Rows, VclusterFormer, testing::Values(
    Former{"embeddedEtcd: {enabled: true}", "embeddedEtcd.enabled", "controlPlane.backingStore.etcd.embedded.enabled;"},
    Former{"embeddedEtcd: {migrateFromEtcd: true}", "embeddedEtcd.migrateFromEtcd", "controlPlane.backingStore.etcd.embedded.migrateFromDeployedEtcd;"},
    Former{"syncer: {replicas: 3}", "syncer.replicas", "controlPlane.statefulSet.highAvailability.replicas;"},
    Former{"syncer: {storage: {persistence: false}}", "syncer.storage.persistence", "controlPlane.statefulSet.persistence.volumeClaim.enabled;"},
    Former{"syncer: {storage: {size: 5Gi}}", "syncer.storage.size", "controlPlane.statefulSet.persistence.volumeClaim.size;"},
    Former{"syncer: {storage: {className: x}}", "syncer.storage.className", "controlPlane.statefulSet.persistence.volumeClaim.storageClass;"},
    Former{"syncer: {extraArgs: [--etcd-replicas=3]}", "syncer.extraArgs[0]", "controlPlane.statefulSet.highAvailability.replicas;"},
    Former{"syncer: {extraArgs: [--etcd-embedded]}", "syncer.extraArgs[0]", "controlPlane.backingStore.etcd.embedded.enabled;"},
    Former{"syncer: {extraArgs: [--migrate-from=x]}", "syncer.extraArgs[0]", "controlPlane.backingStore.etcd.embedded.migrateFromDeployedEtcd;"},
    Former{"storage: {persistence: true}", "storage.persistence", "controlPlane.statefulSet.persistence.volumeClaim.enabled;"},
    Former{"storage: {size: 5Gi}", "storage.size", "controlPlane.statefulSet.persistence.volumeClaim.size;"},
    Former{"storage: {className: x}", "storage.className", "controlPlane.statefulSet.persistence.volumeClaim.storageClass;"},
    Former{"etcd: {replicas: 3}", "etcd.replicas", "controlPlane.backingStore.etcd.deploy.statefulSet.highAvailability.replicas;"},
    Former{"etcd: {storage: {size: 5Gi}}", "etcd.storage.size", "controlPlane.backingStore.etcd.deploy.statefulSet.persistence.volumeClaim.size;"},
    Former{"etcd: {storage: {persistence: true}}", "etcd.storage.persistence", "controlPlane.backingStore.etcd.deploy.statefulSet.persistence.volumeClaim.enabled;"},
    Former{"etcd: {storage: {className: x}}", "etcd.storage.className", "controlPlane.backingStore.etcd.deploy.statefulSet.persistence.volumeClaim.storageClass;"},
    Former{"etcd: {disabled: true}", "etcd.disabled", "controlPlane.backingStore.etcd.deploy.statefulSet.enabled: false"},
    Former{"etcd: {autoDeletePersistentVolumeClaims: true}", "etcd.autoDeletePersistentVolumeClaims", "controlPlane.backingStore.etcd.deploy.statefulSet.persistence.volumeClaim.retentionPolicy: Delete;"},
    Former{"syncer: {securityContext: {}}", "syncer", "controlPlane;"}));
// clang-format on

// --- what is odd is told, and goes on ---

TEST(VclusterWarns, OfEvenReplicasOnly) {
    for (int replicas = 0; replicas <= 9; ++replicas) {
        const Config config = parsed(with_etcd + "  statefulSet: {highAvailability: {replicas: " +
                                     std::to_string(replicas) + "}}\n");
        const bool even = replicas > 0 && replicas % 2 == 0;
        EXPECT_EQ(config.warnings.size(), even ? 1U : 0U) << replicas;
    }
}

TEST(VclusterWarns, OfDataThatGoesWithItsPod) {
    const std::string persistence =
        "  statefulSet:\n    persistence:\n      volumeClaim: {enabled: ";
    const std::string data = "}\n      dataVolume: [{name: data, ";
    const std::map<std::string, bool> persistent = {
        {persistence + "auto}", true},
        {persistence + "true}", true},
        {persistence + "'true'}", true},
        {persistence + "false}", false},
        {persistence + "no}", false},
        {persistence + "'false'}", false},
        {persistence + "false}\n      volumeClaimTemplates: [{metadata: {name: data}}]", true},
        {persistence + "false" + data + "persistentVolumeClaim: {claimName: x}}]", true},
        {persistence + "false" + data + "emptyDir: {}}]", false},
    };
    for (const auto& [text, kept] : persistent) {
        const Config config = parsed(with_etcd + text + "\n");
        EXPECT_EQ(config.persistent, kept) << text;
        EXPECT_EQ(config.warnings.empty(), kept) << text;
    }
}

TEST(VclusterConfig, ASnapshotCountBelowOneIsTenThousand) {
    for (const int count : {0, -1, -10'000})
        EXPECT_EQ(parsed(with_etcd + "        snapshotCount: " + std::to_string(count) + "\n")
                      .choices.snapshot_count,
                  10'000U);
    EXPECT_EQ(parsed(with_etcd + "        snapshotCount: 1\n").choices.snapshot_count, 1U);
}

// --- text that is no configuration ---

TEST(VclusterText, ThatIsNoYamlIsRefusedWithItsLine) {
    EXPECT_EQ(why(with_etcd + "  statefulSet: {highAvailability: [}\n")
                  .find("vcluster.yaml:6: is not YAML"),
              0U);
    EXPECT_EQ(why("- a\n- b\n"), "vcluster.yaml: is not a mapping of keys to values");
    EXPECT_EQ(
        why(with_etcd + "---\n" + with_etcd),
        "vcluster.yaml: holds something behind the end of its first document; keep one document");
    EXPECT_NE(why(with_etcd + "quorate: {etcd: /etcd}, settings: {}}\n"), "");
    EXPECT_EQ(why(with_etcd + "[a, b]: c\n"), "vcluster.yaml:6: a key is not a plain word");
}

TEST(VclusterText, ThatGrowsByAliasesIsRefused) {
    std::string text = with_etcd + "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n";
    for (int i = 1; i < 9; ++i) {
        const std::string former = "*a" + std::to_string(i - 1);
        text += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [" + former + ", " +
                former + ", " + former + ", " + former + ", " + former + ", " + former + "]\n";
    }
    EXPECT_NE(why(text).find("holds more than 50000 values"), std::string::npos) << why(text);
}

TEST(VclusterText, ThatIsTooLargeOrTooDeepIsRefused) {
    EXPECT_EQ(why(with_etcd + "x: " + std::string(1 << 20, 'x')),
              "vcluster.yaml: is larger than 1 MiB");
    EXPECT_NE(why(with_etcd + "x: " + std::string(100, '[') + std::string(100, ']'))
                  .find("deeper than 64"),
              std::string::npos);
    EXPECT_NE(why(with_etcd + "x: " + std::string(100'000, '[')), "");
    EXPECT_NE(why(with_etcd + "x: &x [*x, *x]\n"), "");
    EXPECT_NE(
        why(with_etcd + "quorate: {settings: {probe_period: " + std::string(500'000, '1') + "}}")
            .find("is not a duration"),
        std::string::npos);
}

TEST(VclusterText, OfWhichBytesAreChangedIsReadOrRefusedInOneLine) {
    const std::string whole = with_etcd +
                              "        extraArgs: ['--a=b', \"--c\", *x]\n"
                              "  statefulSet:\n    highAvailability: {replicas: 3}\n"
                              "quorate: {settings: &x {peers_wait: 0s}, etcd: !!str 3}\n";
    std::mt19937 random(1);
    const std::string bytes = std::string(": \n-[]{}&*!|>'\"%@`#,?\t\\", 24) + '\0' + "\xff";
    for (int i = 0; i < 3000; ++i) {
        std::string text = whole;
        for (int j = 0; j < 1 + i % 4; ++j)
            text[random() % text.size()] = bytes[random() % bytes.size()];
        why(text);  // complains about a second line
    }
}

TEST(VclusterFile, ThatCannotBeReadIsNamed) {
    const auto missing = read_config("/nowhere/vcluster.yaml");
    ASSERT_FALSE(missing);
    EXPECT_EQ(missing.error().where, "/nowhere/vcluster.yaml");
    EXPECT_FALSE(read_config("/tmp"));
}

// --- the schema is the chart's, and agrees with the program ---

std::filesystem::path root() { return std::getenv("QUORATE_ROOT"); }

std::string chart_file(const char* name) {
    std::ifstream stream(root() / "deploy/chart" / name);
    return {std::istreambuf_iterator<char>(stream), {}};
}

TEST(VclusterSchema, InTheProgramIsTheChartsByteByByte) {
    EXPECT_EQ(schema_text(), chart_file("values.schema.json"));
}

TEST(VclusterSchema, AcceptsTheChartsOwnValues) {
    const auto values = parse_yaml(chart_file("values.yaml"), "values.yaml");
    ASSERT_TRUE(values);
    const auto problem = problem_in(*values);
    EXPECT_FALSE(problem) << problem->path << ": " << problem->what;
}

// What the chart writes for its agents, of each golden that has some (tests/golden/chart).
TEST(VclusterChart, WritesForItsAgentsWhatTheyRead) {
    std::map<std::string, std::uint32_t> replicas;
    for (const auto& golden : std::filesystem::directory_iterator(root() / "tests/golden/chart")) {
        std::optional<Config> config;
        for (const YAML::Node& object : YAML::LoadAllFromFile(golden.path()))
            if (object["data"] && object["data"]["vcluster.yaml"])
                config = parsed(object["data"]["vcluster.yaml"].Scalar());
        for (const YAML::Node& object : YAML::LoadAllFromFile(golden.path())) {
            if (object["kind"].Scalar() != "StatefulSet" || !config) continue;
            const YAML::Node spec = object["spec"];
            const bool ordered = spec["podManagementPolicy"].Scalar() == "OrderedReady";
            EXPECT_EQ(config->replicas, spec["replicas"].as<std::uint32_t>()) << golden;
            EXPECT_EQ(config->pod_management == PodManagement::ordered, ordered) << golden;
            EXPECT_EQ(config->persistent, spec["volumeClaimTemplates"].IsDefined()) << golden;
            replicas[golden.path().stem()] = config->replicas;
        }
    }
    EXPECT_EQ(replicas["ordered"], 3U);
    EXPECT_EQ(replicas["unclaimed"], 2U);
}

TEST(VclusterSchema, KnowsEverySettingThatIsForPodsAndNoOther) {
    const auto schema = nlohmann::json::parse(schema_text());
    std::set<std::string> known;
    for (const auto& [key, value] :
         schema["/properties/quorate/properties/settings/properties"_json_pointer].items())
        known.insert(key);
    std::set<std::string> expected;
    for (const host::KeyText& key : host::keys_of({})) {
        const std::string told =
            why(with_etcd + "quorate: {settings: {" + key.key + ": '" + key.value + "'}}\n");
        if (told.find("is not for pods") != std::string::npos) continue;
        EXPECT_EQ(told, "");
        expected.insert(key.key);
    }
    EXPECT_EQ(known, expected);
}

TEST(VclusterSchema, BoundsReplicasAsTheCoreDoes) {
    const auto schema = nlohmann::json::parse(schema_text());
    EXPECT_EQ(schema["/definitions/replicas/maximum"_json_pointer], limits::replicas_max);
}

}  // namespace
}  // namespace quorate::vcluster
