// Journals that earlier builds wrote replay to the state they had then, whatever today's rules are.
#include <gtest/gtest.h>

#include <filesystem>

#include "services/core/base/files.h"
#include "services/core/base/testing/status_matchers.h"
#include "services/core/base/testing/temp_dir.h"
#include "services/core/journal/sqlite/sqlite_journal.h"
#include "services/core/machine/machine.h"
#include "services/iem/register/matter_register.h"
#include "services/leem/register/denial_register.h"
#include "services/tem/register/tem_register.h"

namespace entente {
namespace {

std::string ReadLine(const std::string& path) {
  auto text = base::ReadFile(path);
  EXPECT_TRUE(text.has_value()) << path;
  return text ? text->substr(0, text->find('\n')) : "";
}

// Replays a golden journal into a register with rules that nobody ever had: replay must not ask
// them. Gives the register for a look.
template <typename Register>
std::unique_ptr<Register> Replayed(const std::string& group) {
  const std::string stem = "tests/testdata/journals/" + group + "-format5";
  base::testing::TempDir folder;  // SQLite writes beside the file even to read it
  std::filesystem::copy_file(stem + ".db", folder.File("j.db"));
  auto journal = journal::SqliteJournal::Open(
      {.path = folder.File("j.db"), .service = "mtcr.example/" + group, .check_integrity = true});
  auto key = entry::NoteVerifier::FromVkey(ReadLine(stem + ".vkey"));
  EXPECT_OK(journal);
  EXPECT_OK(key);
  entente::config::v1::RegimeProfile other;
  other.set_version(99);
  other.mutable_denials()->set_validity_months(1);
  auto reg = std::make_unique<Register>(other);
  machine::Machine machine("mtcr.example", group, *reg);
  EXPECT_OK(machine::Replay(**journal, machine, {.known = {*key}, .check_all_signatures = true}));
  EXPECT_EQ(machine.Fingerprint().hex(), ReadLine(stem + ".fingerprint"));
  return reg;
}

TEST(GoldenJournalTest, LeemReplaysToTheFingerprintOfItsDay) {
  EXPECT_EQ(Replayed<leem::DenialRegister>("leem")->size(), 6u);
}

TEST(GoldenJournalTest, IemReplaysToTheFingerprintOfItsDay) {
  EXPECT_EQ(Replayed<iem::MatterRegister>("iem")->size(), 6u);
}

TEST(GoldenJournalTest, TemReplaysToTheFingerprintOfItsDay) {
  const auto reg = Replayed<tem::TemRegister>("tem");
  EXPECT_EQ(reg->size(), 2u);
  EXPECT_EQ(reg->editions().size(), 2u);
}

}  // namespace
}  // namespace entente
