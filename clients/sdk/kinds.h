// Makes the kinds of all groups known to a program that links the SDK, whichever group it talks to:
// what remains of an erased document is judged by its kind's declaration (entry/remains.h).
#ifndef ENTENTE_CLIENTS_SDK_KINDS_H_
#define ENTENTE_CLIENTS_SDK_KINDS_H_

#include <cstddef>

namespace entente::sdk {

// How many files declare them. To call it is to link them: a static library leaves out what nobody
// refers to.
size_t KnowKinds();

}  // namespace entente::sdk

#endif  // ENTENTE_CLIENTS_SDK_KINDS_H_
