// What differs between two bodies, or two drafts of a document, for who is to sign it.
#ifndef ENTENTE_CLIENTS_CLI_EXCHANGE_DIFFERENCES_H_
#define ENTENTE_CLIENTS_CLI_EXCHANGE_DIFFERENCES_H_

#include <google/protobuf/message.h>

#include "entente/exchange/v1/document.pb.h"

namespace entente::cli {

// A line on standard error for each field that differs, in letters as people write them; "nothing"
// if none does. Of the same type.
void PrintDifferences(const google::protobuf::Message& before,
                      const google::protobuf::Message& after);
// The same of two drafts, header and body, whenever they were composed.
void PrintDraftDifferences(const exchange::v1::Document& before,
                           const exchange::v1::Document& after);

}  // namespace entente::cli

#endif  // ENTENTE_CLIENTS_CLI_EXCHANGE_DIFFERENCES_H_
