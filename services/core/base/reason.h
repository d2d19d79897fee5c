// The closed list of reasons that errors carry in google.rpc.ErrorInfo. README.md documents each.
#ifndef ENTENTE_SERVICES_CORE_BASE_REASON_H_
#define ENTENTE_SERVICES_CORE_BASE_REASON_H_

#include <array>
#include <string_view>
#include <utility>

namespace entente::base {

enum class Reason {
  kFieldInvalid,          // one or more fields are missing, malformed or contradictory
  kDocumentMalformed,     // bytes are not a SignedDocument or Document
  kBodyUnknown,           // body of a type that this group does not take, or sealed
  kSignatureInvalid,      // a signature does not verify over these bytes
  kSignatureMissing,      // fewer signers than the partner requires
  kSignerNotAccepted,     // signer's certificate is not of the originator's state
  kCertificateRejected,   // chain or leaf profile check failed; metadata "check" names it
  kCertificateRevoked,    // the certificate is on the directory's list
  kAgencyRevoked,         // the agency as a whole is revoked
  kAgencyUnknown,         // no such agency in the directory
  kCallerUnidentified,    // no usable client certificate
  kCallerNotEntitled,     // no seat or no right for this method
  kCallerNotAccepted,     // said by a client: the service closes as it sees the certificate
  kOriginatorMismatch,    // originator is not the caller's agency
  kReferenceReused,       // same originator, kind and reference with other bytes
  kNotFound,              // it does not exist for this caller
  kChainEnded,            // the denial was revoked or lifted
  kChainMoved,            // a newer document of the chain exists; read it and try again
  kProcedureForbids,      // the rules do not admit this step in this state
  kAudienceChanged,       // a chain stays in its audience
  kAudiencesExceeded,     // a state has addressed more different audiences than admitted
  kBudgetExceeded,        // a state's documents, bytes or chain are over what the profile admits
  kReleaseNeeded,         // goes further than a source; its originator must grant it
  kCursorMalformed,       // cursor or page token is not one of this service
  kFilterChanged,         // a kept state was filled through another filter
  kCopyIncomplete,        // a saved folder waits for the checkpoint that covers its last entries
  kCursorAhead,           // cursor or acknowledgement is ahead of the ledger; metadata "ledger"
  kIndexOutOfRange,       // no such entry or size
  kHeadNotReached,        // the requested head is not reached yet
  kQueueFull,             // the sequencer's queue is full; RetryInfo says when to try again
  kRateExceeded,          // more submissions per second than allowed
  kStreamsExceeded,       // more open streams than allowed
  kJournalHeadMoved,      // another writer appended first
  kJournalFull,           // no space left on the journal's disk
  kStateFull,             // no memory left for what is recorded; nothing new is taken
  kJournalFaulted,        // the journal's disk failed; restart needed
  kJournalCorrupt,        // stored bytes fail their checks
  kJournalFormat,         // store of another release's format
  kJournalRolledBack,     // the store is older than what the service has signed
  kServiceDraining,       // shutting down
  kDirectoryInvalid,      // the directory fails its checks
  kLedgerForked,          // two views of one ledger contradict each other
  kCheckpointInvalid,     // a checkpoint's signature or form is wrong
  kProofInvalid,          // a Merkle proof does not hold
  kCommandFailed,         // the command of follow --exec did not succeed
  kConfigurationInvalid,  // configuration fails its checks
};

inline constexpr std::array<std::pair<Reason, std::string_view>, 46> kReasonNames = {{
    {Reason::kFieldInvalid, "FIELD_INVALID"},
    {Reason::kDocumentMalformed, "DOCUMENT_MALFORMED"},
    {Reason::kBodyUnknown, "BODY_UNKNOWN"},
    {Reason::kSignatureInvalid, "SIGNATURE_INVALID"},
    {Reason::kSignatureMissing, "SIGNATURE_MISSING"},
    {Reason::kSignerNotAccepted, "SIGNER_NOT_ACCEPTED"},
    {Reason::kCertificateRejected, "CERTIFICATE_REJECTED"},
    {Reason::kCertificateRevoked, "CERTIFICATE_REVOKED"},
    {Reason::kAgencyRevoked, "AGENCY_REVOKED"},
    {Reason::kAgencyUnknown, "AGENCY_UNKNOWN"},
    {Reason::kCallerUnidentified, "CALLER_UNIDENTIFIED"},
    {Reason::kCallerNotEntitled, "CALLER_NOT_ENTITLED"},
    {Reason::kCallerNotAccepted, "CALLER_NOT_ACCEPTED"},
    {Reason::kOriginatorMismatch, "ORIGINATOR_MISMATCH"},
    {Reason::kReferenceReused, "REFERENCE_REUSED"},
    {Reason::kNotFound, "NOT_FOUND"},
    {Reason::kChainEnded, "CHAIN_ENDED"},
    {Reason::kChainMoved, "CHAIN_MOVED"},
    {Reason::kProcedureForbids, "PROCEDURE_FORBIDS"},
    {Reason::kAudienceChanged, "AUDIENCE_CHANGED"},
    {Reason::kAudiencesExceeded, "AUDIENCES_EXCEEDED"},
    {Reason::kBudgetExceeded, "BUDGET_EXCEEDED"},
    {Reason::kReleaseNeeded, "RELEASE_NEEDED"},
    {Reason::kCursorMalformed, "CURSOR_MALFORMED"},
    {Reason::kFilterChanged, "FILTER_CHANGED"},
    {Reason::kCopyIncomplete, "COPY_INCOMPLETE"},
    {Reason::kCursorAhead, "CURSOR_AHEAD"},
    {Reason::kIndexOutOfRange, "INDEX_OUT_OF_RANGE"},
    {Reason::kHeadNotReached, "HEAD_NOT_REACHED"},
    {Reason::kQueueFull, "QUEUE_FULL"},
    {Reason::kRateExceeded, "RATE_EXCEEDED"},
    {Reason::kStreamsExceeded, "STREAMS_EXCEEDED"},
    {Reason::kJournalHeadMoved, "JOURNAL_HEAD_MOVED"},
    {Reason::kJournalFull, "JOURNAL_FULL"},
    {Reason::kStateFull, "STATE_FULL"},
    {Reason::kJournalFaulted, "JOURNAL_FAULTED"},
    {Reason::kJournalCorrupt, "JOURNAL_CORRUPT"},
    {Reason::kJournalFormat, "JOURNAL_FORMAT"},
    {Reason::kJournalRolledBack, "JOURNAL_ROLLED_BACK"},
    {Reason::kServiceDraining, "SERVICE_DRAINING"},
    {Reason::kDirectoryInvalid, "DIRECTORY_INVALID"},
    {Reason::kLedgerForked, "LEDGER_FORKED"},
    {Reason::kCheckpointInvalid, "CHECKPOINT_INVALID"},
    {Reason::kProofInvalid, "PROOF_INVALID"},
    {Reason::kCommandFailed, "COMMAND_FAILED"},
    {Reason::kConfigurationInvalid, "CONFIGURATION_INVALID"},
}};

constexpr std::string_view ReasonName(Reason reason) {
  for (const auto& [value, name] : kReasonNames) {
    if (value == reason) return name;
  }
  return "UNKNOWN";
}

}  // namespace entente::base

#endif  // ENTENTE_SERVICES_CORE_BASE_REASON_H_
