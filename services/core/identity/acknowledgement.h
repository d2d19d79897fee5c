// Signed acknowledgements: what an agency says that it holds of a ledger, provable to whoever
// doubts the service that hands it on.
#ifndef ENTENTE_SERVICES_CORE_IDENTITY_ACKNOWLEDGEMENT_H_
#define ENTENTE_SERVICES_CORE_IDENTITY_ACKNOWLEDGEMENT_H_

#include <optional>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "entente/exchange/v1/ledger.pb.h"
#include "services/core/entry/entry.h"
#include "services/core/identity/directory.h"

namespace entente::identity {

inline constexpr std::string_view kAcknowledgementMediaType =
    "application/vnd.entente.acknowledgement.v1+protobuf";
inline constexpr size_t kAcknowledgementBytesMax = 1024;
inline constexpr size_t kAcknowledgementCertificatesBytesMax = 8 << 10;
// Of one request.
inline constexpr int kAcknowledgementsMax = 64;
// How often a state's acknowledgement of one ledger is recorded in a minute.
inline constexpr size_t kAcknowledgementsPerMinuteMax = 30;
// How far ahead of the service's clock an agency's may be.
inline constexpr absl::Duration kAcknowledgementSkewMax = absl::Minutes(10);

// Signs with the key of the agency's TLS certificate.
entry::pb::SignedAcknowledgement SignAcknowledgement(
    const entry::pb::Acknowledgement& acknowledgement, const document::SigningIdentity& tls);

// What was signed, parsed and within its limits; FIELD_INVALID names what is not, under `path`. The
// signature is not looked at.
absl::StatusOr<entry::pb::Acknowledgement> ReadAcknowledgement(
    const entry::pb::SignedAcknowledgement& signed_acknowledgement, const std::string& path = "");

// When and under which directory an acknowledgement was recorded.
struct RecordedUnder {
  absl::Time time;
  uint64_t serial = 0;
};
// Whether the agency that `acknowledgement` names has signed it, with a certificate that the
// directory accepts at `now`, or did when it was recorded. SIGNATURE_INVALID, CERTIFICATE_REJECTED
// and what else AcceptCaller refuses with.
absl::Status VerifyAcknowledgement(const entry::pb::SignedAcknowledgement& signed_acknowledgement,
                                   const entry::pb::Acknowledgement& acknowledgement,
                                   const Directory& directory, absl::Time now,
                                   std::optional<RecordedUnder> recorded = std::nullopt);

}  // namespace entente::identity

#endif  // ENTENTE_SERVICES_CORE_IDENTITY_ACKNOWLEDGEMENT_H_
