// Finds damage inside a write-ahead log before SQLite reads it. On opening, SQLite takes the log up
// to the first frame whose checksum fails and forgets the rest in silence: right for a tail that a
// power loss tore, wrong for a flipped bit in the middle, which would lose what was acknowledged.
//
// A torn tail is one transaction. So two commits from the frame that fails on, chained to each
// other, are damage. What cannot be told from a torn tail is damage in the very last transaction.
// Format: https://www.sqlite.org/fileformat2.html, section 4.
#ifndef ENTENTE_SERVICES_CORE_JOURNAL_SQLITE_WAL_CHECK_H_
#define ENTENTE_SERVICES_CORE_JOURNAL_SQLITE_WAL_CHECK_H_

#include <string_view>

namespace entente::journal {

// Whether the bytes of a WAL file are whole but for a torn tail. Empty is whole.
bool WalIsWhole(std::string_view wal);

}  // namespace entente::journal

#endif  // ENTENTE_SERVICES_CORE_JOURNAL_SQLITE_WAL_CHECK_H_
