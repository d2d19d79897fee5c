// The declaration of LEEM: its kinds, and how its register is made.
#ifndef ENTENTE_SERVICES_LEEM_REGISTER_GROUP_H_
#define ENTENTE_SERVICES_LEEM_REGISTER_GROUP_H_

#include "services/core/machine/group.h"

namespace entente::leem {

extern const machine::Group kLeem;

}  // namespace entente::leem

#endif  // ENTENTE_SERVICES_LEEM_REGISTER_GROUP_H_
