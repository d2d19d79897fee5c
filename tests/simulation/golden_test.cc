// Journals that earlier builds wrote replay to the state they had then, whatever today's rules are.
#include <gtest/gtest.h>

#include <filesystem>

#include "services/core/base/testing/status_matchers.h"
#include "services/core/base/testing/temp_dir.h"
#include "services/core/journal/sqlite/sqlite_journal.h"
#include "services/core/machine/machine.h"
#include "services/leem/register/denial_register.h"

namespace entente {
namespace {

std::string ReadLine(const std::string& path) {
  auto text = base::ReadFile(path);
  EXPECT_TRUE(text.has_value()) << path;
  return text ? text->substr(0, text->find('\n')) : "";
}

TEST(GoldenJournalTest, ReplaysToTheFingerprintOfItsDay) {
  const std::string stem = "tests/testdata/journals/leem-format1";
  base::testing::TempDir folder;  // SQLite writes beside the file even to read it
  std::filesystem::copy_file(stem + ".db", folder.File("j.db"));
  ASSERT_OK_AND_ASSIGN(auto journal, journal::SqliteJournal::Open({.path = folder.File("j.db"),
                                                                   .service = "mtcr.example/leem",
                                                                   .check_integrity = true}));
  ASSERT_OK_AND_ASSIGN(auto key, entry::NoteVerifier::FromVkey(ReadLine(stem + ".vkey")));
  // Rules that nobody ever had: replay must not ask them.
  entente::config::v1::RegimeProfile other;
  other.set_version(99);
  other.mutable_denials()->set_validity_months(1);
  leem::DenialRegister reg(other);
  machine::Machine machine("mtcr.example", "leem", reg);
  ASSERT_OK(machine::Replay(*journal, machine, {.known = {key}, .check_all_signatures = true}));
  EXPECT_EQ(machine.Fingerprint().hex(), ReadLine(stem + ".fingerprint"));
  EXPECT_EQ(reg.size(), 4u);
}

}  // namespace
}  // namespace entente
