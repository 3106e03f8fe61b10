#include "abi.h"

#include "originals.h"

namespace decouple {

thread_local Probe probe;

void* libraryHandle() {
  static void* handle = dlopen("libunicorn.so.2", RTLD_LAZY | RTLD_NOLOAD);
  return handle;
}

size_t Tlb::used() const {
  size_t used = 0;
  for (size_t i = 0; i < entries(); ++i) used += holds(i) ? 1 : 0;
  return used;
}

const char* const kNeededFunctions[] = {
    "cpu_abort_x86_64",
    "cpu_get_tsc_x86_64",
    "cpu_ldub_code_x86_64",
    "cpu_loop_exit_noexc_x86_64",
    "cpu_loop_exit_restore_x86_64",
    "cpu_restore_state_x86_64",
    "cpu_stw_data_ra_x86_64",
    "cpu_x86_update_cr0_x86_64",
    "cpu_x86_update_cr3_x86_64",
    "cpu_x86_update_cr4_x86_64",
    "do_interrupt_x86_hardirq_x86_64",
    "gen_intermediate_code_x86_64",
    "get_page_addr_code_hostp_x86_64",
    "helper_cc_compute_all_x86_64",
    "helper_cmpxchg8b_unlocked_x86_64",
    "helper_cpuid_x86_64",
    "helper_hlt_x86_64",
    "helper_inb_x86_64",
    "helper_inl_x86_64",
    "helper_into_x86_64",
    "helper_inw_x86_64",
    "helper_outb_x86_64",
    "helper_outl_x86_64",
    "helper_outw_x86_64",
    "helper_pause_x86_64",
    "helper_rclb_x86_64",
    "helper_rcll_x86_64",
    "helper_rclw_x86_64",
    "helper_rcrb_x86_64",
    "helper_rcrl_x86_64",
    "helper_rcrw_x86_64",
    "helper_rdmsr_x86_64",
    "helper_rdrand_x86_64",
    "helper_read_eflags_x86_64",
    "helper_sysenter_x86_64",
    "helper_wrmsr_x86_64",
    "qemu_ram_addr_from_host_x86_64",
    "raise_exception_err_ra_x86_64",
    "tb_flush_x86_64",
    "tb_gen_code_x86_64",
    "tb_htable_lookup_x86_64",
    "tb_invalidate_phys_page_fast_x86_64",
    "tb_invalidate_phys_range_x86_64",
    "tlb_flush_by_mmuidx_x86_64",
    "tlb_flush_page_by_mmuidx_x86_64",
    "tlb_flush_x86_64",
    "tlb_protect_code_x86_64",
    "tlb_reset_dirty_by_vaddr_x86_64",
    "tlb_reset_dirty_x86_64",
    "tlb_set_dirty_x86_64",
    "tlb_set_page_with_attrs_x86_64",
    "tlb_unprotect_code_x86_64",
    "x86_cpu_do_interrupt_x86_64",
    "x86_cpu_exec_enter_x86_64",
    "x86_cpu_exec_exit_x86_64",
    "x86_cpu_tlb_fill_x86_64",
    "x86_ldl_phys_x86_64",
    "x86_ldq_phys_x86_64",
    nullptr,
};

}  // namespace decouple
