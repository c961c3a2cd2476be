/* bcryptprimitives.dll for a Wine that has none (before 8.1), so that Rust programs start there. For tests
 * alone: it is never shipped. */

#include <windows.h>

/* advapi32's RtlGenRandom (ntsecapi.h). */
BOOLEAN NTAPI SystemFunction036(PVOID buffer, ULONG length);

__declspec(dllexport) BOOL WINAPI ProcessPrng(PBYTE data, SIZE_T length)
{
    return SystemFunction036(data, (ULONG)length);
}
