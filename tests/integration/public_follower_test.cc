// A service's copy of another group's public ledger, over real TLS: what is in it was verified, it
// outlives either side, and a file of it that was damaged is said and left out.
#include "clients/sdk/public_follower.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>

#include "services/tem/proposal_service.h"
#include "tests/integration/transcript.h"
#include "tests/support/test_annex.h"

// c-ares 1.18, Debian 12's, loses the name of each host that it finds in /etc/hosts (ten bytes for
// "localhost"; c-ares issue 439). The follower here is the one client of the tests that connects by
// such a name.
extern "C" const char* __lsan_default_suppressions() { return "leak:libcares.so"; }

namespace entente {
namespace {

using base::Reason;
using base::testing::HasReason;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using testing::LiveServer;
using testing::TestRegime;

// What a follower told, in its order.
class Told {
 public:
  void Add(std::string what) {
    std::lock_guard lock(mutex_);
    told_.push_back(std::move(what));
    changed_.notify_all();
  }
  // Whether `count` things were told within half a minute.
  bool Await(size_t count) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, std::chrono::seconds(30), [&] { return told_.size() >= count; });
  }
  bool AwaitThat(const std::string& what) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, std::chrono::seconds(30), [&] {
      return std::find(told_.begin(), told_.end(), what) != told_.end();
    });
  }
  std::vector<std::string> all() {
    std::lock_guard lock(mutex_);
    return told_;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::string> told_;
};

class PublicFollowerTest : public ::testing::Test {
 protected:
  PublicFollowerTest() {
    testing::MakeChair(regime_, "jp");
    const auto tls = regime_.Issue("services", {.common_name = "leem",
                                                .uris = {"spiffe://mtcr.example/services/leem"},
                                                .usage = crypto::LeafUsage::kTlsClient});
    EXPECT_TRUE(base::WriteFileAtomically(folder_.File("leem.crt"), tls.chain[0].Pem()));
    EXPECT_TRUE(base::WriteFileAtomically(folder_.File("leem.key"), tls.key.Pem()));
    for (const auto& document : testing::Publication(regime_, "jp", testing::MiniatureEdition())) {
      SubmitAs(server_, "jp", regime_.Sign(document));
    }
  }
  absl::StatusOr<std::unique_ptr<sdk::PublicFollower>> Start(Told& told) {
    sdk::PublicFollower::Options options{.service = "leem", .group = "tem"};
    options.client.set_tls_certificate_file(folder_.File("leem.crt"));
    options.client.set_tls_key_file(folder_.File("leem.key"));
    auto& endpoint = *options.client.add_endpoints();
    endpoint.set_group("tem");
    endpoint.set_address("localhost:" + std::to_string(port_));
    options.folder = folder_.File("annex");
    options.take = [&](const sdk::VerifiedEntry& entry, const identity::Directory&) {
      told.Add(entry.name());
      return true;
    };
    options.away = [&](const absl::Status&) { told.Add("away"); };
    options.back = [&] { told.Add("back"); };
    options.damaged = [&](const std::string& file, const absl::Status&) {
      told.Add("damaged " + std::filesystem::path(file).filename().string());
    };
    return sdk::PublicFollower::Start(std::move(options), regime_.source());
  }

  // A follower learns that it is back by the first mark.
  static config::v1::Limits Limits() {
    config::v1::Limits limits;
    limits.set_heartbeat_s(1);
    return limits;
  }

  base::testing::TempDir folder_;
  base::testing::FakeClock clock_;
  TestRegime regime_{{"jp", "kr"}, clock_.Now()};
  LiveServer server_{regime_, clock_, Limits(), tem::TemModule(), testing::TemProfile()};
  const int port_ = server_.port();
};

constexpr char kEdition[] = "partners/jp/editions/2016-03-17";

TEST_F(PublicFollowerTest, TakesWhatIsPublicAndComesBack) {
  Told told;
  ASSERT_OK_AND_ASSIGN(const auto follower, Start(told));
  ASSERT_TRUE(told.Await(1));
  server_.Stop();
  ASSERT_TRUE(told.AwaitThat("away"));
  ASSERT_OK(server_.Start());
  ASSERT_TRUE(told.AwaitThat("back"));
  // The approval, which is for partners, never comes; and what was taken does not come twice. There
  // may be more reasons than one for being away.
  auto all = told.all();
  all.erase(std::unique(all.begin(), all.end()), all.end());
  EXPECT_THAT(all, ElementsAre(kEdition, "away", "back"));
}

TEST_F(PublicFollowerTest, WhatWasKeptIsThereWhileTheServiceIsAway) {
  {
    Told told;
    ASSERT_OK_AND_ASSIGN(const auto follower, Start(told));
    ASSERT_TRUE(told.Await(1));
  }
  server_.Stop();
  Told told;
  ASSERT_OK_AND_ASSIGN(const auto follower, Start(told));
  EXPECT_EQ(told.all().at(0), kEdition) << "before Start returns";
}

TEST_F(PublicFollowerTest, ADamagedFileIsSaidAndLeftOut) {
  {
    Told told;
    ASSERT_OK_AND_ASSIGN(const auto follower, Start(told));
    ASSERT_TRUE(told.Await(1));
  }
  server_.Stop();
  const std::string file = folder_.File("annex/0.entry");
  const std::string whole = base::ReadFile(file).value_or("");
  ASSERT_FALSE(whole.empty());
  std::string changed = whole;
  changed[changed.find("Miniature")] = 'm';
  for (const std::string& bytes : {changed, whole.substr(0, whole.size() / 2), std::string()}) {
    ASSERT_TRUE(base::WriteFileAtomically(file, bytes));
    Told told;
    ASSERT_OK_AND_ASSIGN(const auto follower, Start(told));
    EXPECT_EQ(told.all().at(0), "damaged 0.entry");
  }
}

TEST_F(PublicFollowerTest, AFolderThatCannotBeMadeIsRefused) {
  ASSERT_TRUE(base::WriteFileAtomically(folder_.File("annex"), "a file"));
  Told told;
  EXPECT_THAT(Start(told), HasReason(Reason::kConfigurationInvalid));
  EXPECT_THAT(told.all(), IsEmpty());
}

}  // namespace
}  // namespace entente
