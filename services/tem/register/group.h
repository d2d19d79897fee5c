// The declaration of TEM: its kinds, and how its register is made.
#ifndef ENTENTE_SERVICES_TEM_REGISTER_GROUP_H_
#define ENTENTE_SERVICES_TEM_REGISTER_GROUP_H_

#include "services/core/machine/group.h"

namespace entente::tem {

extern const machine::Group kTem;

}  // namespace entente::tem

#endif  // ENTENTE_SERVICES_TEM_REGISTER_GROUP_H_
