/* The addresses' lifetime in the kernel: renewed while somebody of ours lives, or ended. */
#ifndef UNDERSTUDY_EXECUTOR_RENEWAL_H
#define UNDERSTUDY_EXECUTOR_RENEWAL_H

#include "frame.h"

void renewal_prepare(void);
/* A will took the place of another; either may be NULL. */
void renewal_replace(const struct will *before, const struct will *after);
/* CLOCK_BOOTTIME in ms until when addresses may stand: no lifetime goes beyond it. NEVER: for ever. */
void renewal_hold_until(int64_t until);
/* When renewal_attend is due; `busy` while a program of ours runs. */
int64_t renewal_due(const struct will *will, bool busy);
void renewal_attend(const struct will *will, bool busy);
/* Removes what still stands of the will's addresses, where they were put. */
void renewal_remove(const struct will *will);
/* Sends the will's netlink messages, which put back the settings of interfaces. */
void renewal_put_back(const struct will *will);

#endif
