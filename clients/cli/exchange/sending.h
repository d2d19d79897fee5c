// From what a person wrote to a receipt: all nouns that send documents share it.
#ifndef ENTENTE_CLIENTS_CLI_EXCHANGE_SENDING_H_
#define ENTENTE_CLIENTS_CLI_EXCHANGE_SENDING_H_

#include <span>
#include <string>
#include <vector>

#include "clients/cli/base/context.h"

namespace entente::cli {

// A receipt for people, or leaf and receipt in JSON. What its ruling started is left out where that
// holds no longer.
void PrintReceipt(const exchange::v1::Receipt& receipt, const exchange::v1::Audience& audience,
                  bool json, bool still_holds = true);
// Tells on standard error, once, that the service is away and is tried again.
sdk::RetryOptions TellOfWaiting(const sdk::Client& client);
// Submits and prints the receipt; with --dry-run, prints what the service would say. What is
// recorded already, and says the same, gets the receipt that it had.
absl::Status SubmitSigned(const Context& context, sdk::Client& client,
                          const exchange::v1::SignedDocument& signed_document);
// Shows who will read it, who is left out, how it is marked and, of a later document of a chain,
// what changes; asks at a terminal; signs and submits. With --hold, signs and keeps it in that
// file; unsigned where the configuration names no signer. Texts are normalised before, and what
// that changes is said on standard error.
absl::Status SubmitAndPrint(const Context& context, sdk::Client& client,
                            exchange::v1::Document document);
// Signs and submits documents in proto3 JSON, several at once; originator and time of composing are
// filled in where they are missing. Goes on after a refusal; the first one is returned.
absl::Status SendFiles(const Context& context, const std::string& group,
                       const std::vector<std::string>& files);
// Composes a document of a file, shows what SubmitAndPrint does, and keeps it unsigned in `out`.
absl::Status DraftFile(const Context& context, const std::string& file, const std::string& out);
// Asks at a terminal whether to go on, where it would send.
absl::Status ConfirmSending(const Context& context, const std::string& question = "Sign and send?");
// What SubmitAndPrint shows and asks before it signs.
absl::Status ShowAndConfirm(const Context& context, sdk::Client& client,
                            const exchange::v1::Document& document, const std::string& question);
// Says on standard error what is about to be signed, by audience.
void ShowWhatIsSigned(const sdk::Agency& agency, std::span<const exchange::v1::Document> documents);
// "OFFICIAL, TLP:AMBER, H1, release by its originator only".
std::string MarkingWords(const exchange::v1::Marking& marking);
// "all partners", "the public", or "jp, kr".
std::string AudienceWords(const exchange::v1::Audience& audience);
// Who reads what begins something new, as --to says: "all", or states and the agency's own. Where
// it is empty, the configuration's default_audience; where that says nothing, too, or names no
// partner, FIELD_INVALID: no audience is assumed.
absl::Status AudienceOfNew(std::vector<std::string> to, const sdk::Agency& agency,
                           exchange::v1::Audience& audience);
// These states and the agency's own.
void ListStates(std::vector<std::string> states, const sdk::Agency& agency,
                exchange::v1::Audience& audience);

}  // namespace entente::cli

#endif  // ENTENTE_CLIENTS_CLI_EXCHANGE_SENDING_H_
