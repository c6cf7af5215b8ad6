// Folding: what one event makes known, and what it makes stale.
#include <gtest/gtest.h>

#include "core/base/limits.hpp"
#include "core/facts/evidence.hpp"
#include "core/facts/fold.hpp"
#include "tests/unit/core_world.hpp"

namespace quorate {
namespace {

// One observation a second later.
State after(State state, Observation observation) {
    fold(state, Event{EventSeq{state.seq.value + 1}, state.now + seconds(1), observation});
    return state;
}

CommandId pending(State& state, CommandBody body) {
    const CommandId id{state.last_command.value + 1};
    state.last_command = id;
    state.in_flight[id] = Command{id, state.now + seconds(10), std::move(body)};
    return id;
}

TEST(Fold, StampsSequenceAndTime) {
    const State state = after(test::state(), TimerFired{});
    EXPECT_EQ(EventSeq{11}, state.seq);
    EXPECT_EQ(test::now + seconds(1), state.now);
}

TEST(Fold, AfterASleepWhatWasKnownIsNoEvidenceUntilAllWereAskedAgain) {
    State state = test::state();
    const Span late = state.facts.settings.policy.probe_period;
    state.wake_at = state.now + seconds(1) - late;
    EXPECT_TRUE(list_is_evidence(after(state, TimerFired{}))) << "a busy machine is a bit late";
    state.wake_at = *state.wake_at + microseconds(-1);
    State slept = after(state, TimerFired{});
    EXPECT_FALSE(list_is_evidence(slept));
    slept.facts.list_current = true;  // read again at once
    EXPECT_FALSE(list_is_evidence(slept)) << "who is alive is not known yet";
    slept.now = slept.now + late * 2;
    EXPECT_TRUE(list_is_evidence(slept));
}

TEST(FoldRecord, AnOlderCopyIsIgnored) {
    ClusterRecord older = test::record();
    older.revision = RecordRevision{39};
    older.token = "stale";
    EXPECT_EQ(test::record(), after(test::state(), RecordSeen{older, ""}).facts.record);
}

TEST(FoldRecord, AnotherLineageIsNewsAtAnyRevision) {
    ClusterRecord other = test::record();
    other.lineage = Lineage{"beef"};
    other.revision = RecordRevision{1};
    EXPECT_EQ(other, after(test::state(), RecordSeen{other, ""}).facts.record);
}

TEST(FoldRecord, AnUnreadableCopyDoesNotOverwriteWhatIsKnown) {
    const State state = after(test::state(), RecordSeen{std::nullopt, "bad bytes"});
    EXPECT_EQ(test::record(), state.facts.record);
    EXPECT_EQ("bad bytes", state.facts.record_unreadable);
    EXPECT_EQ("", after(state, RecordSeen{test::record(), ""}).facts.record_unreadable);
}

TEST(FoldRecord, AWriteThatIsDoneIsKnownAtOnce) {
    State state = test::state();
    ClusterRecord next = test::record();
    next.revision = RecordRevision{41};
    const CommandId id = pending(state, WriteRecord{RecordRevision{40}, next, Fence{}});
    EXPECT_EQ(next, after(state, CommandEnded{id, Done{}, {}}).facts.record);
    EXPECT_EQ(test::record(), after(state, CommandEnded{id, Unknown{}, {}}).facts.record);
    EXPECT_EQ(test::record(), after(state, CommandEnded{id, Refused{}, {}}).facts.record);
}

TEST(FoldRecord, AWriteThatIsDoneDoesNotUndoWhatOthersWroteSince) {
    State state = test::state();
    ClusterRecord ours = test::record();
    ours.revision = RecordRevision{41};
    const CommandId id = pending(state, WriteRecord{RecordRevision{40}, ours, Fence{}});
    ClusterRecord theirs = ours;
    theirs.revision = RecordRevision{42};
    theirs.replicas[Ordinal{1}].claim = VolumeClaim::wants_admission;
    state = after(state, RecordSeen{theirs, ""});
    EXPECT_EQ(theirs, after(state, CommandEnded{id, Done{}, {}}).facts.record);
}

TEST(FoldExit, ForgetsTheDiskAndWhatItsEtcdServedButNotWhoTheMembersAre) {
    State state = test::state();
    state.facts.disk = test::disk();
    state.facts.own_list = test::list_of(3);
    const State ended = after(state, EtcdExited{{ExitClass::killed, 0, 9, ""}});
    EXPECT_FALSE(ended.facts.etcd_running);
    EXPECT_EQ(std::nullopt, ended.facts.disk);
    EXPECT_EQ(test::list_of(3), ended.facts.own_list) << "it is told anew only when it changes";
    EXPECT_FALSE(ended.facts.list_current);
    EXPECT_EQ(1U, ended.facts.exits);
    EXPECT_FALSE(serves(ended.facts, Ordinal{0}));
    EXPECT_EQ(ended.now, ended.facts.probes.find(Ordinal{0})->quiet_since);
    EXPECT_TRUE(serves(ended.facts, Ordinal{1}));
}

TEST(FoldProbe, RemembersSinceWhenItIsQuietOrHealthy) {
    State state = after(test::state(), ReplicaProbed{Ordinal{1}, {}});
    const Instant fell = state.now;
    state = after(state, ReplicaProbed{Ordinal{1}, {}});
    EXPECT_EQ(fell, state.facts.probes.find(Ordinal{1})->quiet_since) << "not since the last probe";
    state = after(state, ReplicaProbed{Ordinal{1}, test::serving_status(1)});
    const Instant rose = state.now;
    state = after(state, ReplicaProbed{Ordinal{1}, test::serving_status(1)});
    EXPECT_EQ(rose, state.facts.probes.find(Ordinal{1})->healthy_since);
}

TEST(FoldProbe, CountsSilenceFromWhenItCouldBeAskedAgain) {
    MemberStatus unresolved;
    unresolved.unresolved = true;
    State state = after(test::state(), ReplicaProbed{Ordinal{1}, unresolved});
    state = after(state, ReplicaProbed{Ordinal{1}, {}});
    const Instant asked = state.now;
    state = after(state, ReplicaProbed{Ordinal{1}, {}});
    EXPECT_EQ(asked, state.facts.probes.find(Ordinal{1})->quiet_since);
}

TEST(FoldProbe, RemembersTheHighestCommitOfTheEpoch) {
    MemberStatus status = test::serving_status(1);
    status.index = LogIndex{9'000};
    State state = after(test::state(), ReplicaProbed{Ordinal{1}, status});
    state = after(state, ReplicaProbed{Ordinal{1}, MemberStatus{}});
    const CommitSeen seen{test::record().epoch, LogIndex{9'000}};
    EXPECT_EQ(seen, state.facts.commit_seen);
    status.cluster_id = ClusterId{10};
    status.index = LogIndex{9'999};
    EXPECT_EQ(seen, after(state, ReplicaProbed{Ordinal{1}, status}).facts.commit_seen)
        << "another cluster counts other revisions";
    ++state.facts.record->epoch.value;
    const State next = after(state, ReplicaProbed{Ordinal{1}, test::serving_status(1)});
    EXPECT_EQ(LogIndex{500}, next.facts.commit_seen.index);
}

TEST(FoldProbe, KnowsSinceWhenNobodyServes) {
    State state = test::state(0, 2);
    state = after(state, ReplicaProbed{Ordinal{0}, {}});
    EXPECT_EQ(std::nullopt, state.facts.none_serves_since);
    state = after(state, ReplicaProbed{Ordinal{1}, {}});
    const Instant lost = state.now;
    state = after(state, ReplicaProbed{Ordinal{0}, {}});
    EXPECT_EQ(lost, state.facts.none_serves_since);
    state = after(state, ReplicaProbed{Ordinal{0}, test::serving_status(0)});
    EXPECT_EQ(std::nullopt, state.facts.none_serves_since);
}

TEST(FoldList, AChangeOfMembershipMakesTheListStaleWhateverItsOutcome) {
    for (const bool done : {true, false}) {
        State state = test::state();
        const CommandId id = pending(state, RemoveMember{Ordinal{0}, test::member_id(2), Fence{6}});
        const CommandEnded ended =
            done ? CommandEnded{id, Done{}, {}} : CommandEnded{id, Refused{}, {}};
        EXPECT_FALSE(list_is_evidence(after(state, ended)));
    }
}

TEST(FoldList, WhatEtcdItselfAnnouncesMakesTheListStale) {
    EXPECT_FALSE(list_is_evidence(after(test::state(), MembersSeen{test::list_of(3)})));
}

TEST(FoldList, ALocalListIsNoEvidence) {
    State state = test::state();
    const CommandId id = pending(state, ListMembers{Ordinal{0}});
    MemberList list = test::list_of(3);
    EXPECT_TRUE(list_is_evidence(after(state, CommandEnded{id, Done{}, list})));
    list.freshness = Freshness::local;
    EXPECT_FALSE(list_is_evidence(after(state, CommandEnded{id, Done{}, list})));
}

TEST(FoldList, AListOfAnotherClusterIsNoEvidence) {
    State state = test::state();
    state.facts.list->cluster_id = ClusterId{8};
    EXPECT_FALSE(list_is_evidence(state));
}

TEST(FoldList, AnAddedLearnerBringsTheListItWasAddedTo) {
    State state = test::state();
    const CommandId id = pending(state, AddLearner{Ordinal{0}, Ordinal{3}, "", Fence{6}});
    MemberList list = test::list_of(3);
    list.members.push_back(test::listed(3, true));
    const LearnerAdded added{test::member_id(3), list};
    EXPECT_EQ(list, after(state, CommandEnded{id, Done{}, added}).facts.list);
    EXPECT_FALSE(list_is_evidence(after(state, CommandEnded{id, Refused{}, added})));
}

TEST(FoldOutcome, OfAnEarlierLifeChangesNothing) {
    State state = test::state();
    State expected = after(state, TimerFired{});
    const State other = after(state, CommandEnded{CommandId{3}, Done{}, test::disk()});
    expected.wake_at = other.wake_at;
    EXPECT_TRUE(expected == other);
}

TEST(FoldOutcome, IsGivenUpSomeGraceAfterTheDeadline) {
    State state = test::state();
    pending(state, ListMembers{Ordinal{0}});
    const auto at = [&](Span later) {
        State copy = state;
        fold(copy, Event{EventSeq{11}, state.now + later, TimerFired{}});
        return copy.in_flight.size();
    };
    EXPECT_EQ(1U, at(seconds(10) + limits::outcome_grace + microseconds(-1)));
    EXPECT_EQ(0U, at(seconds(10) + limits::outcome_grace));
}

TEST(FoldOutcome, AReportOfARunningDiskCountsOnlyWhenItSaysSo) {
    State state = test::state();
    for (const std::uint32_t one : {0U, 1U, 2U})
        test::probe(state, one, {});
    const CommandId id = pending(state, ExamineDisk{});
    DiskReport report = test::disk();
    EXPECT_EQ(std::nullopt, after(state, CommandEnded{id, Done{}, report}).facts.disk)
        << "read before etcd was started";
    report.in_use = true;
    EXPECT_EQ(report, after(state, CommandEnded{id, Done{}, report}).facts.disk);
}

TEST(FoldOutcome, AReportOfARunningDiskIsTooLateOnceSomebodyServes) {
    State state = test::state();
    for (const std::uint32_t one : {0U, 1U, 2U})
        test::probe(state, one, {});
    test::probe(state, 1, test::serving_status(1));
    const CommandId id = pending(state, ExamineDisk{});
    DiskReport report = test::disk();
    report.in_use = true;
    EXPECT_EQ(std::nullopt, after(state, CommandEnded{id, Done{}, report}).facts.disk)
        << "what was acknowledged since would be hidden at the next loss of quorum (S7)";
}

TEST(FoldLife, ANewOneKeepsOnlyItsPlaceInTheJournal) {
    State state = test::state();
    pending(state, ListMembers{Ordinal{0}});
    const State fresh = after(state, AgentStarted{test::settings(1), 5, Lineage{"x"}});
    EXPECT_EQ(0U, fresh.in_flight.size());
    EXPECT_EQ(CommandId{21}, fresh.last_command) << "ids are never used twice";
    EXPECT_EQ(EventSeq{11}, fresh.seq);
    EXPECT_EQ(Ordinal{1}, fresh.facts.settings.self);
    EXPECT_EQ(std::nullopt, fresh.facts.record);
    EXPECT_EQ(AuthorityPhase::without, fresh.authority.phase);
    EXPECT_EQ(fresh.now, fresh.facts.none_serves_since) << "no quorum is called lost at once";
}

TEST(FoldAuthority, LosingAnOlderFenceIsOldNews) {
    const State state = test::state();
    EXPECT_EQ(Fence{6}, after(state, AuthorityLost{Fence{5}, ""}).authority.fence);
    EXPECT_EQ(Fence{}, after(state, AuthorityLost{Fence{6}, ""}).authority.fence);
}

TEST(FoldDesired, MoreThanThereAreAddressesIsAsManyAsThereAre) {
    EXPECT_EQ(5U, after(test::state(), DesiredSeen{{9}}).facts.desired->replicas);
}

// Hashes of three replicas at one revision.
State hashed(std::uint32_t a, std::uint32_t b, std::uint32_t c, Revision of_c = Revision{490},
             Revision compact_of_c = Revision{-1}) {
    State state = test::state();
    const CommandId id = pending(state, CompareContent{{Ordinal{0}, Ordinal{1}, Ordinal{2}}});
    ContentCompared compared{Revision{490}, {}};
    const auto hash = [](std::uint32_t ordinal, std::uint32_t value) {
        return ContentHash{test::member_id(ordinal), true, Revision{490}, Revision{-1}, value};
    };
    compared.hashes[Ordinal{0}] = hash(0, a);
    compared.hashes[Ordinal{1}] = hash(1, b);
    compared.hashes[Ordinal{2}] = hash(2, c);
    compared.hashes[Ordinal{2}].revision = of_c;
    compared.hashes[Ordinal{2}].compact_revision = compact_of_c;
    return after(state, CommandEnded{id, Done{}, compared});
}

TEST(FoldHashes, TheOneThatDisagreesWithAMajorityDiverged) {
    EXPECT_TRUE(hashed(1, 1, 1).facts.diverged.empty());
    const State state = hashed(1, 1, 2);
    ASSERT_EQ(1U, state.facts.diverged.size());
    EXPECT_EQ("", *state.facts.diverged.find(test::member_id(2)));
}
TEST(FoldHashes, WithoutAMajorityNobodyIsAccused) {
    EXPECT_TRUE(hashed(1, 2, 3).facts.diverged.empty());
}
TEST(FoldHashes, AreJudgedAsAWhole) {
    const auto judged = [](const State& state) { return state.facts.judged.verdict; };
    EXPECT_EQ(HashVerdict::equal, judged(hashed(1, 1, 1)));
    EXPECT_EQ(3U, hashed(1, 1, 1).facts.judged.answered);
    EXPECT_EQ(HashVerdict::minority, judged(hashed(1, 1, 2)));
    EXPECT_EQ(HashVerdict::undecided, judged(hashed(1, 2, 3)));
    EXPECT_EQ(HashVerdict::undecided, judged(hashed(1, 1, 2, Revision{491})))
        << "the loser is ahead";
    EXPECT_EQ(HashVerdict::none, judged(hashed(1, 1, 2, Revision{490}, Revision{400})));
}
TEST(FoldHashes, AreForgottenWhenMembersChange) {
    State state = hashed(1, 1, 1);
    const CommandId id = pending(state, RemoveMember{});
    EXPECT_EQ(HashJudgement{}, after(state, CommandEnded{id, Unknown{}, {}}).facts.judged);
}
TEST(FoldHashes, AreKeptWhenALearnerComesOrGoes) {
    State state = hashed(1, 2, 3);
    state.facts.list->members.push_back(test::listed(3, true));
    for (const CommandBody& body :
         {CommandBody{AddLearner{}}, CommandBody{RemoveMember{{}, test::member_id(3), {}}}}) {
        State asked = state;
        const CommandId id = pending(asked, body);
        EXPECT_EQ(HashVerdict::undecided,
                  after(asked, CommandEnded{id, Done{}, {}}).facts.judged.verdict)
            << name_of(body);
    }
}
TEST(FoldHashes, AreKeptWhereAChangeOfMembersWasRefused) {
    State state = hashed(1, 2, 3);
    const CommandId id = pending(state, RemoveMember{});
    const CommandEnded refused{id, Refused{Refusal::unhealthy_cluster, "unhealthy cluster"}, {}};
    EXPECT_EQ(HashVerdict::undecided, after(state, refused).facts.judged.verdict);
}
TEST(FoldHashes, ADoubtOutlivesAComparisonWithNobody) {
    State state = hashed(1, 2, 3);
    const CommandId id = pending(state, CompareContent{{Ordinal{0}, Ordinal{1}}});
    ContentCompared compared;
    compared.hashes[Ordinal{0}] = {test::member_id(0), true, Revision{490}, Revision{-1}, 1};
    compared.hashes[Ordinal{1}];
    const CommandEnded ended{id, Done{}, compared};
    EXPECT_EQ(HashVerdict::undecided, after(state, ended).facts.judged.verdict);
    state.facts.judged = {};
    EXPECT_EQ(HashVerdict::none, after(state, ended).facts.judged.verdict) << "nor is it equal";
}
TEST(FoldHashes, ADoubtAboutOneThatDoesNotAnswerStays) {
    State state = hashed(1, 1, 2);
    const CommandId id = pending(state, CompareContent{{Ordinal{0}, Ordinal{1}}});
    ContentCompared compared;
    for (const std::uint32_t one : {0U, 1U})
        compared.hashes[Ordinal{one}] = {test::member_id(one), true, Revision{490}, Revision{-1},
                                         1};
    const State later = after(state, CommandEnded{id, Done{}, compared});
    EXPECT_EQ(HashVerdict::minority, later.facts.judged.verdict);
    EXPECT_TRUE(later.facts.diverged.contains(test::member_id(2)));
    State lost = state;
    lost.facts.record->replicas[Ordinal{2}].claim = VolumeClaim::wants_admission;
    EXPECT_EQ(HashVerdict::equal,
              after(lost, CommandEnded{id, Done{}, compared}).facts.judged.verdict)
        << "what differed is gone";
    compared.hashes[Ordinal{2}] = {test::member_id(2), true, Revision{490}, Revision{-1}, 1};
    EXPECT_EQ(HashVerdict::equal,
              after(state, CommandEnded{id, Done{}, compared}).facts.judged.verdict);
}
TEST(FoldHashes, OfVotersThatAgreedAreAskedForAtOnceWhenTheyAreOthers) {
    State state = hashed(1, 1, 1);
    state.facts.own_list = state.facts.list = test::list_of(3);
    const Instant asked = state.facts.hashes_at = test::now;
    EXPECT_EQ(Instant{}, after(state, MembersSeen{test::list_of(2)}).facts.hashes_at);
    state.facts.judged = {};
    EXPECT_EQ(asked, after(state, MembersSeen{test::list_of(2)}).facts.hashes_at)
        << "an answer that did not come is waited for at its pace";
}
TEST(FoldHashes, OutliveAListThatIsSecondToTellOfTheVoters) {
    State state = hashed(1, 2, 3);
    state.facts.own_list = test::list_of(4);
    state.facts.list = test::list_of(3);
    EXPECT_EQ(HashVerdict::undecided,
              after(state, MembersSeen{test::list_of(3)}).facts.judged.verdict);
    const State other = after(state, MembersSeen{test::list_of(2)});
    EXPECT_EQ(HashJudgement{}, other.facts.judged) << "these are others";
    EXPECT_EQ(Instant{}, other.facts.hashes_at) << "who was in doubt is compared again at once";
    std::swap(state.facts.own_list, state.facts.list);
    const CommandId id = pending(state, ListMembers{});
    EXPECT_EQ(HashVerdict::undecided,
              after(state, CommandEnded{id, Done{}, test::list_of(3)}).facts.judged.verdict);
}
TEST(FoldHashes, OfDifferentCompactionsAreNotComparable) {
    EXPECT_TRUE(hashed(1, 1, 2, Revision{490}, Revision{400}).facts.diverged.empty());
}
TEST(FoldHashes, ALoserAheadOfTheMajorityIsLeftToAPerson) {
    const State state = hashed(1, 1, 2, Revision{491});
    EXPECT_NE("", *state.facts.diverged.find(test::member_id(2)));
}

TEST(FoldRecord, AnOlderOneOrNoneIsNotBelieved) {
    const State before = test::state();
    ClusterRecord older = *before.facts.record;
    older.revision.value -= 3;
    State state = after(before, RecordSeen{older, ""});
    EXPECT_EQ(before.facts.record, state.facts.record);
    EXPECT_EQ(older.revision, state.facts.record_there);
    EXPECT_EQ(state.now, state.facts.record_behind_at);
    const Instant first = state.now;
    state = after(state, RecordSeen{std::nullopt, ""});
    EXPECT_EQ(before.facts.record, state.facts.record);
    EXPECT_EQ(RecordRevision{}, state.facts.record_there) << "gone";
    EXPECT_EQ(first, state.facts.record_behind_at);
    state = after(state, RecordSeen{*before.facts.record, ""});
    EXPECT_EQ(std::nullopt, state.facts.record_there) << "it was late news";
    EXPECT_EQ(Instant{}, state.facts.record_behind_at);
}

TEST(FoldRecord, ANewLifeRemembersTheNewestOfTheOnesBefore) {
    const State before = test::state();
    const AgentStarted again{before.facts.settings, 1, Lineage{"fresh"}};
    State state = after(after(before, again), again);
    EXPECT_EQ(std::nullopt, state.facts.record);
    EXPECT_EQ(before.facts.record, state.facts.record_before);
    ClusterRecord older = *before.facts.record;
    older.revision.value -= 1;
    state = after(state, RecordSeen{older, ""});
    EXPECT_EQ(std::nullopt, state.facts.record) << "no basis for anything";
    EXPECT_EQ(older.revision, state.facts.record_there);
    state = after(state, RecordSeen{*before.facts.record, ""});
    EXPECT_EQ(before.facts.record, state.facts.record);
    EXPECT_EQ(std::nullopt, state.facts.record_before);
}

TEST(FoldRecord, ThatOfAnotherClusterIsBelieved) {
    State state = test::state();
    ClusterRecord other = *state.facts.record;
    other.lineage = Lineage{"other"};
    other.revision = RecordRevision{1};
    state = after(state, RecordSeen{other, ""});
    EXPECT_EQ(other, state.facts.record);
    EXPECT_EQ(std::nullopt, state.facts.record_there);
}

ClusterRecord gathering_anew() {
    ClusterRecord record;
    record.revision = RecordRevision{3};
    record.lineage = Lineage{"younger"};
    record.epoch = Epoch{1};
    return record;
}

TEST(FoldRecord, WhoGathersForAnotherClusterUndoesNone) {
    const State before = test::state();
    State state = after(before, RecordSeen{gathering_anew(), ""});
    EXPECT_EQ(before.facts.record, state.facts.record);
    EXPECT_EQ(RecordRevision{3}, state.facts.record_there);
    ClusterRecord founded = gathering_anew();
    founded.stage = RecordStage::forming;
    state = after(state, RecordSeen{founded, ""});
    EXPECT_EQ(founded, state.facts.record) << "no agent may undo that either";
    EXPECT_EQ(std::nullopt, state.facts.record_there);
}

TEST(FoldRecord, ALaterEpochIsNewerWhateverItsRevision) {
    State state = test::state();
    ClusterRecord later = *state.facts.record;
    later.revision.value -= 10;
    later.epoch.value += 1;
    const ClusterRecord earlier = *state.facts.record;
    state = after(state, RecordSeen{later, ""});
    EXPECT_EQ(later, state.facts.record);
    state = after(state, RecordSeen{earlier, ""});
    EXPECT_EQ(later, state.facts.record);
    EXPECT_EQ(earlier.revision, state.facts.record_there);
}

// A new life of an agent that knew `record`, and has seen `there` in the store.
State begun_again(const std::optional<ClusterRecord>& there) {
    const State before = test::state();
    const State state = after(before, AgentStarted{before.facts.settings, 1, Lineage{"fresh"}});
    return after(state, RecordSeen{there, ""});
}
State examined(State state, const DiskReport& disk) {
    const CommandId id = pending(state, ExamineDisk{});
    return after(state, CommandEnded{id, Done{}, disk});
}

TEST(FoldRecord, AVolumeVouchesForWhatEarlierLivesKnew) {
    const auto known = test::state().facts.record;
    for (const auto& there : {std::optional<ClusterRecord>(), std::optional(gathering_anew())}) {
        const State state = examined(begun_again(there), test::disk());
        EXPECT_EQ(known, state.facts.record);
        EXPECT_EQ(there ? there->revision : RecordRevision{}, state.facts.record_there);
    }
    State state = test::state();
    state = after(state, AgentStarted{state.facts.settings, 1, Lineage{"fresh"}});
    state = after(examined(state, test::disk()), RecordSeen{gathering_anew(), ""});
    EXPECT_EQ(known, state.facts.record) << "in whatever order they come";
}

TEST(FoldRecord, AJournalOfAnotherClusterVouchesForNothing) {
    DiskReport disk = test::disk();
    disk.identity->lineage = Lineage{"other"};
    State state = examined(begun_again(gathering_anew()), disk);
    EXPECT_EQ(gathering_anew(), state.facts.record);
    EXPECT_EQ(std::nullopt, state.facts.record_there);
    state = after(state, AgentStarted{state.facts.settings, 1, Lineage{"fresh"}});
    EXPECT_EQ(test::record(), state.facts.record_before) << "it is not forgotten for that";
}

TEST(FoldRecord, TheCopyOnTheVolumeIsAsGoodAsAJournal) {
    DiskReport disk = test::disk();
    disk.identity->record = test::record();
    State fresh;
    fresh = after(fresh, AgentStarted{test::settings(), 1, Lineage{"fresh"}});
    ClusterRecord older = test::record();
    older.revision.value -= 1;
    for (const auto& there : {std::optional<ClusterRecord>(), std::optional(older)}) {
        const State state = examined(after(fresh, RecordSeen{there, ""}), disk);
        EXPECT_EQ(test::record(), state.facts.record);
        EXPECT_EQ(there ? there->revision : RecordRevision{}, state.facts.record_there);
    }
    ClusterRecord newer = test::record();
    newer.revision.value += 1;
    const State state = examined(after(fresh, RecordSeen{newer, ""}), disk);
    EXPECT_EQ(newer, state.facts.record);
    EXPECT_EQ(std::nullopt, state.facts.record_there);
}

TEST(FoldRecord, AnApprovalIsGoodForOneOrder) {
    State state = after(test::state(), RecoveryApproved{"token"});
    EXPECT_EQ("token", state.facts.approved_token);
    ClusterRecord record = *state.facts.record;
    record.revision.value += 1;
    state = after(state, RecordSeen{record, ""});
    EXPECT_EQ("token", state.facts.approved_token) << "no order yet";
    record.revision.value += 1;
    record.rebuild = Rebuild{Ordinal{1}, {}, {}, "token"};
    state = after(state, RecordSeen{record, ""});
    EXPECT_EQ(std::nullopt, state.facts.approved_token);
    EXPECT_EQ(state.now, state.facts.rebuild_seen_at);
    const Instant first = state.now;
    record.revision.value += 1;
    state = after(state, RecordSeen{record, ""});
    EXPECT_EQ(first, state.facts.rebuild_seen_at) << "it stands since then";
    record.revision.value += 1;
    record.rebuild.reset();
    state = after(state, RecordSeen{record, ""});
    EXPECT_EQ(Instant{}, state.facts.rebuild_seen_at);
}

TEST(FoldProbe, HowFarARunningLogReachedHoldsOnlyUntilSomebodyServes) {
    State state = test::state();
    state.facts.disk = test::disk();
    state.facts.disk->in_use = true;
    for (const std::uint32_t one : {0U, 1U, 2U})
        test::probe(state, one, {});
    EXPECT_TRUE(after(state, ReplicaProbed{Ordinal{1}, {}}).facts.disk);
    EXPECT_FALSE(after(state, ReplicaProbed{Ordinal{1}, test::serving_status(1)}).facts.disk)
        << "what is acknowledged from here on is not in it (S7)";
}

TEST(Probes, AFounderThatIsScaledAwayAndHasNotToldItsIdIsOfInterest) {
    State state = test::state(2);
    state.facts.desired->replicas = 1;
    state.facts.list.reset();
    state.facts.record->replicas[Ordinal{1}] = ReplicaEntry{};
    state.facts.record->replicas[Ordinal{2}].member_id = MemberId{};
    EXPECT_EQ((std::vector<Ordinal>{Ordinal{0}, Ordinal{2}}), ordinals_of_interest(state.facts));
}

TEST(Probes, OfAReplicaThatIsNoLongerProbedAreForgotten) {
    State state;
    state.now = Instant{5};
    state.facts.probes[Ordinal{0}].status.answers = true;
    state.facts.probes[Ordinal{4}].status.serves = true;
    state.probed = {Ordinal{0}};
    forget_unprobed(state);
    EXPECT_FALSE(state.facts.probes.contains(Ordinal{4}));
    EXPECT_EQ(state.facts.none_serves_since, Instant{5}) << "nobody serves any more";
}

}  // namespace
}  // namespace quorate
