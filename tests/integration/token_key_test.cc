// Keys of every kind on a token (SoftHSM), through the program that holds it.
#include "clients/sdk/token_key.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <thread>

#include "services/core/base/files.h"
#include "services/core/base/status.h"
#include "services/core/base/testing/status_matchers.h"
#include "services/core/base/testing/temp_dir.h"

namespace entente::sdk {
namespace {

using base::Reason;
using base::testing::HasReason;
using crypto::KeyKind;

class TokenKeyTest : public ::testing::TestWithParam<KeyKind> {
 protected:
  TokenKeyTest() {
    Write("conf", "directories.tokendir = " + folder_.path() + "\nobjectstore.backend = file\n");
    ::setenv("SOFTHSM2_CONF", folder_.File("conf").c_str(), 1);
    Run("softhsm2-util --init-token --free --label T --so-pin 87654321 --pin 1234");
  }
  void Write(const std::string& file, const std::string& text) {
    ASSERT_TRUE(base::WriteFileAtomically(folder_.File(file), text));
  }
  static void Run(const std::string& command) {
    ASSERT_EQ(std::system((command + " > /dev/null").c_str()), 0) << command;
  }
  // A key on the token, and a certificate that names it.
  crypto::Certificate Import(KeyKind kind, const std::string& label) {
    const auto key = *crypto::PrivateKey::Generate(kind);
    Write(label, key.Pem());
    Run("softhsm2-util --import " + folder_.File(label) + " --token T --label " + label +
        " --id 0" + std::to_string(next_id_++) + " --pin 1234");
    return *crypto::Issue({.common_name = label,
                           .not_before = absl::FromUnixSeconds(1700000000),
                           .not_after = absl::FromUnixSeconds(1900000000)},
                          key.public_key(), nullptr, key);
  }
  static std::string Uri(const std::string& label,
                         const std::string& module = "/usr/lib/softhsm/libsofthsm2.so") {
    return "pkcs11:token=T;object=" + label + "?module-path=" + module;
  }
  // Answers one after the other, and then gives up.
  PinPrompt Answers(std::vector<std::string> pins) {
    return [this, pins = std::move(pins)](const std::string& token,
                                          const std::string&) -> absl::StatusOr<std::string> {
      EXPECT_EQ(token, "T");
      if (asked_ == pins.size()) return absl::CancelledError("no more");
      return pins[asked_++];
    };
  }

  base::testing::TempDir folder_;
  int next_id_ = 1;
  size_t asked_ = 0;
};

TEST_P(TokenKeyTest, SignsAndIsAskedForItsPinOnce) {
  const TokenKey key(Uri("a"), Import(GetParam(), "a"), Answers({"1234"}));
  for (const std::string& message :
       {std::string("one"), std::string(), std::string(1 << 20, 'x')}) {
    const auto signature = key.Sign(message);
    ASSERT_OK(signature) << message.size();
    EXPECT_OK(key.public_key().Verify(*signature, message));
  }
  EXPECT_EQ(asked_, 1u);
}

INSTANTIATE_TEST_SUITE_P(Kinds, TokenKeyTest,
                         ::testing::Values(KeyKind::kP256, KeyKind::kP384, KeyKind::kEd25519));

TEST_F(TokenKeyTest, AWrongPinIsAskedAgainThreeTimesAtMost) {
  const auto certificate = Import(KeyKind::kP256, "a");
  EXPECT_OK(TokenKey(Uri("a"), certificate, Answers({"9999", "", "1234"})).Sign("x"));
  asked_ = 0;
  const TokenKey never(Uri("a"), certificate, Answers({"1", "2", "3", "4"}));
  EXPECT_THAT(never.Sign("x"), HasReason(Reason::kSigningFailed));
  EXPECT_EQ(asked_, 3u);
  asked_ = 0;
  const TokenKey gives_up(Uri("a"), certificate, Answers({}));
  EXPECT_EQ(gives_up.Sign("x").status().code(), absl::StatusCode::kCancelled);
}

TEST_F(TokenKeyTest, AKeyOfAnotherCertificateSignsNothing) {
  const auto certificate = Import(KeyKind::kP256, "a");
  Import(KeyKind::kP256, "b");
  Import(KeyKind::kEd25519, "c");
  for (const char* label : {"b", "c"}) {
    const TokenKey key(Uri(label), certificate, Answers({"1234"}));
    asked_ = 0;
    EXPECT_THAT(key.Sign("x"), HasReason(Reason::kSigningFailed)) << label;
  }
}

TEST_F(TokenKeyTest, AProgramThatEndsIsStartedAgain) {
  const TokenKey key(Uri("a"), Import(KeyKind::kP256, "a"), Answers({"1234", "1234"}));
  ASSERT_OK(key.Sign("x"));
  Run("pkill -KILL -P " + std::to_string(::getpid()) + " entente-token");
  EXPECT_THAT(key.Sign("x"), HasReason(Reason::kSigningFailed));
  EXPECT_OK(key.Sign("x"));
  EXPECT_EQ(asked_, 2u) << "its PIN is kept nowhere";
}

// It prints what looks like answers, eats what is said to it, and does not end.
TEST_F(TokenKeyTest, ARudeModuleDisturbsNobody) {
  const char* module = std::getenv("RUDE_MODULE_FILE");
  ASSERT_NE(module, nullptr) << "set by ctest";
  ::setenv("RUDE_MODULE", "hangs", 1);
  {
    const TokenKey key(Uri("a", module), Import(KeyKind::kP256, "a"), Answers({"9999", "1234"}));
    EXPECT_OK(key.Sign("x"));
    EXPECT_OK(key.Sign("y"));
    EXPECT_EQ(asked_, 2u);
  }
  ::unsetenv("RUDE_MODULE");
}

TEST_F(TokenKeyTest, AFileThatIsWrongIsTriedOnce) {
  Write("pin", "9999\n");
  const auto certificate = Import(KeyKind::kP256, "a");
  const std::string uri = Uri("a") + "&pin-source=file:" + folder_.File("pin");
  const TokenKey key(uri, certificate, nullptr);
  const auto first = key.Sign("x");
  EXPECT_THAT(first, HasReason(Reason::kSigningFailed));
  Write("pin", "1234\n");
  EXPECT_EQ(key.Sign("x").status(), first.status()) << "it has given up";
  EXPECT_THAT(TokenKey(uri, certificate, nullptr).Sign("x"), HasReason(Reason::kSigningFailed))
      << "few tries are left";
  EXPECT_OK(TokenKey(Uri("a"), certificate, Answers({"1234"})).Sign("x"));
  EXPECT_OK(TokenKey(uri, certificate, nullptr).Sign("x"));
}

TEST_F(TokenKeyTest, ManyThreadsSignOneAfterTheOther) {
  const TokenKey key(Uri("a"), Import(KeyKind::kP256, "a"), Answers({"1234"}));
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      for (int n = 0; n < 10; ++n) EXPECT_OK(key.Sign("x"));
    });
  }
  for (auto& thread : threads) thread.join();
}

}  // namespace
}  // namespace entente::sdk
