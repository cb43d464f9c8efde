"""Which test plays which row of the threat list: the table that docs/threat-model.md shows and a test checks.

A row without a test that takes its defence out is a promise that nobody tried to break, so each has one.
"""

from __future__ import annotations

_CONTACTS = "engine/test_hostile_contacts.py::"
_EDITORS = "adversary/test_editors.py::"
_EPOCHS = "adversary/test_epochs.py::"
_FORGERY = "adversary/test_forgery.py::"
_FRAMES = "adversary/test_frames.py::"
_HISTORY = "adversary/test_history.py::"
_MAIL = "adversary/test_mail.py::"
_LINKS = "adversary/test_links.py::"
_LOGIN = "adversary/test_login.py::"
_MOVES = "adversary/test_moves.py::"
_MOVING = "relay/test_moving.py::"
_PRESENCE = "adversary/test_presence.py::"
_SAID = "adversary/test_relays_word.py::"
_SNAPSHOTS = "adversary/test_snapshots.py::"

ROWS: dict[str, tuple[str, ...]] = {
    "T1": (
        _FRAMES + "test_t01_no_changed_byte_of_any_answer_moves_anything",
        _FRAMES + "test_t01_no_changed_byte_of_a_snapshot_moves_anything",
        _FORGERY + "test_t01_a_changed_byte_under_a_head_made_for_it",
    ),
    "T2": (
        _FRAMES + "test_t02_answers_cut_or_grown",
        _FORGERY + "test_t02_an_entry_of_another_form",
        _FORGERY + "test_t02_a_truncated_or_extended_entry",
    ),
    "T3": (_HISTORY + "test_t03_two_concurrent_entries_exchanged_for_one_client",),
    "T4": (
        _HISTORY + "test_t04_an_entry_left_out_in_the_middle",
        _HISTORY + "test_t04_a_commit_whose_head_is_not_its_entries",
    ),
    "T5": (_HISTORY + "test_t05_one_authors_entries_dropped_for_one_victim",),
    "T6": (
        _HISTORY + "test_t06_the_newest_entries_withheld_from_a_newcomer",
        _HISTORY + "test_t06_withheld_from_everyone_is_what_the_relay_says_and_no_more",
    ),
    "T7": (
        _FORGERY + "test_t07_an_entry_shown_again",
        _FORGERY + "test_t07_an_entry_of_another_pad",
        _FORGERY + "test_t07_an_entry_of_another_epoch",
        _FORGERY + "test_t07_an_entry_as_another_kind",
        _FORGERY + "test_r08_a_presence_frame_is_no_proof_of_equivocation",
        _SNAPSHOTS + "test_t23_a_piece_of_an_older_snapshot",
    ),
    "T8": (
        _HISTORY + "test_t08_an_older_log_for_who_comes_back",
        _HISTORY + "test_t08_another_log_grown_from_an_old_one",
    ),
    "T9": (
        _HISTORY + "test_t09_an_older_log_for_a_newcomer_with_a_pinned_link",
        _HISTORY + "test_t09_without_a_pin_it_is_accepted_and_confirmed_by_nobody",
    ),
    "T10": (_HISTORY + "test_t10_a_forked_pad_can_never_be_merged",),
    "T11": (
        _HISTORY + "test_t11_parted_presence_confirms_nothing",
        _HISTORY + "test_t11_what_is_parted_from_is_confirmed_by_nobody_after_a_while",
    ),
    "T12": (
        _SAID + "test_t12_the_relay_signs_another_head_for_one_position",
        "engine/test_alarms.py::"
        "test_a_contradiction_of_signatures_halts_the_pad_over_a_restart_until_a_person_goes_on",
    ),
    "T13": (
        _SAID + "test_t13_a_lie_in_the_signed_head_of_the_answer_to_sub",
        _SAID + "test_t13_another_relay_than_the_pinned_one",
    ),
    "T14": (
        _EPOCHS + "test_t14_an_epoch_that_the_owner_did_not_sign",
        _FORGERY + "test_t14_a_substituted_edit_key_for_a_viewer",
        _FORGERY + "test_t14_every_changed_byte_of_genesis_is_refused",
        _FORGERY + "test_t14_keys_that_are_not_the_links",
    ),
    "T15": (
        _EPOCHS + "test_t15_a_relay_that_hides_the_change_of_keys",
        _EPOCHS + "test_t15_who_heard_of_the_change_of_keys_is_not_led_back",
        _EPOCHS + "test_t15_nothing_is_folded_behind_what_the_owner_closed",
        _EPOCHS + "test_t15_a_newcomer_with_a_link_of_now_is_not_led_onto_the_old_log",
        _EPOCHS + "test_t15_records_that_stop_before_the_links_epoch_are_not_believed",
    ),
    "T16": (
        _FORGERY + "test_t16_a_viewer_with_the_relays_help",
        "relay/test_append_rule.py::test_a_view_link_alone_appends_nothing",
    ),
    "T17": (
        _EPOCHS + "test_t17_a_backdated_entry_of_the_closed_epoch",
        _EPOCHS + "test_t17_who_is_out_reads_nothing_that_comes_after",
        _EPOCHS + "test_t17_an_honest_relay_takes_nothing_from_who_is_out",
    ),
    "T18": (
        _EDITORS + "test_t18_an_editor_signs_two_entries_for_one_place",
        _EDITORS + "test_t18_two_bodies_for_two_people_never_meet",
    ),
    "T19": (
        _EDITORS + "test_t19_a_crafted_change_is_void_for_all_and_ends_its_writer",
        _EDITORS + "test_t19_without_the_validator_it_is_applied",
        "crdt/test_hostile_updates.py::test_a_hostile_update_is_refused_with_its_reason_and_changes_nothing",
        "crdt/test_hostile_updates.py::test_a_cycle_bomb_of_twenty_bytes_never_reaches_the_engine",
    ),
    "T20": (
        "crdt/test_hostile_updates.py::test_t20_an_origin_behind_its_right_origin_is_refused",
        "crdt/test_hostile_updates.py::test_t20_without_the_order_rule_a_joiner_reads_another_text",
    ),
    "T21": (
        _EDITORS + "test_t21_an_entry_that_breaks_the_engine_leaves_the_pad_as_it_was",
        "pad/test_void.py::test_a_poison_entry_leaves_the_pad_readable_and_a_void_restores_it",
        "pad/test_void.py::test_without_the_owners_signature_anybody_voids",
        "crdt/test_child.py::test_a_failing_child_is_a_local_condition_never_a_verdict",
    ),
    "T22": (
        _SNAPSHOTS + "test_t22_r03_veterans_warn_of_a_lying_snapshot_and_do_not_use_it",
        _SNAPSHOTS + "test_t22_a_joiner_catches_what_does_not_fit_itself_or_the_log",
        "pad/test_verdicts.py::test_a_joiner_on_a_lie_ends_with_the_truth",
        "pad/test_verdicts.py::test_without_the_derivation_the_joiner_stays_on_the_lie",
    ),
    "T23": (
        _SNAPSHOTS + "test_t23_a_wrong_piece_of_a_snapshot",
        _SNAPSHOTS + "test_t23_a_piece_of_an_older_snapshot",
        _SNAPSHOTS + "test_t23_more_pieces_than_allowed_are_never_asked_for",
    ),
    "T24": (
        _SNAPSHOTS + "test_t24_a_proof_that_is_wrong_too_long_or_endless",
        _SNAPSHOTS + "test_t24_a_snapshot_of_a_log_that_does_not_extend_the_pin",
    ),
    "T25": (
        _SAID + "test_t25_acknowledged_and_never_shown_is_not_synced",
        _SAID + "test_t25_without_the_rule_that_only_the_log_empties_the_outbox",
        _SAID + "test_t25_broadcast_and_never_acknowledged_is_sent_once",
        _SAID + "test_t25_an_acknowledgement_of_what_was_not_sent",
    ),
    "T26": (
        "pad/test_sending.py::test_a_restart_between_signing_and_acknowledgement_sends_the_same_bytes",
        "vault/test_crash.py::test_kill_minus_nine_loses_nothing_acknowledged_and_doubles_nothing",
        _SAID + "test_t25_without_the_rule_that_only_the_log_empties_the_outbox",
    ),
    "T27": (
        _SAID + "test_t27_a_pad_said_to_be_gone_without_the_owners_signature",
        _EPOCHS + "test_t27_a_tombstone_is_the_owners_or_an_alarm",
    ),
    "T28": (
        _PRESENCE + "test_t28_yesterdays_presence_for_a_session_of_today",
        _PRESENCE + "test_t28_a_borrowed_name",
        _PRESENCE + "test_t28_a_counter_set_back",
        _PRESENCE + "test_t28_a_crowd_of_made_up_sessions",
    ),
    "T29": (
        "pad/test_restore.py::test_what_a_restored_relay_lost_comes_back_from_one_machine",
        "pad/test_restore.py::test_without_restoring_an_honest_relay_would_be_called_a_liar",
    ),
    "T30": (
        _LOGIN + "test_t30_a_block_that_is_changed_weaker_or_anothers",
        _LOGIN + "test_t30_without_the_owners_signature_an_old_box_would_pass_under_a_new_number",
        _LOGIN + "test_t30_without_the_check_of_its_cost_a_weaker_block_would_be_kept_up",
        "engine/test_logins.py::test_a_relay_that_shows_an_older_block_is_caught_by_every_device",
        "engine/test_logins.py::test_without_the_drives_word_the_old_block_would_be_believed",
    ),
    "T31": (
        _LINKS + "test_t31_a_locked_link_that_asks_for_more_than_a_link_may",
        _LINKS + "test_t31_one_ciphertext_for_two_passphrases",
        _LINKS + "test_t31_a_wrong_passphrase_and_a_changed_link_are_told_alike",
    ),
    "T32": (
        _MAIL + "test_t32_a_message_for_somebody_else_is_handed_on",
        _MAIL + "test_t32_a_forged_sender",
        _MAIL + "test_t32_a_changed_byte_or_another_size",
        _MAIL + "test_t32_a_replay_after_its_id_was_forgotten",
        _MAIL + "test_t32_changed_keys_block_until_a_person_accepts_them",
        _MAIL + "test_t32_control_characters_in_names_and_notes_command_no_terminal",
        "engine/test_people.py::test_a_cut_network_keeps_a_message_and_shows_it_once",
    ),
    "T33": (
        _MAIL + "test_t33_a_substituted_card_has_another_safety_number",
        _MAIL + "test_t33_nobody_puts_another_mailbox_into_a_card",
        _MAIL + "test_t33_a_card_brought_for_a_verified_contact_blocks_sending",
        "engine/test_people.py::test_other_keys_block_sending_until_they_are_accepted",
    ),
    "T34": (
        "relay/test_limits_hostile.py::test_t34_a_flood_before_any_proof_costs_little_memory_and_nobodys_time",
        "relay/test_limits_hostile.py::test_t34_without_the_cap_strangers_are_all_held",
    ),
    "T35": (
        _FRAMES + "test_t35_answers_to_nothing_twice_and_with_more_in_them",
        _FRAMES + "test_t35_an_error_carries_no_text",
    ),
    "T36": (_SAID + "test_t36_the_relays_clock_decides_nothing",),
    "M1": (_MOVES + "test_m1_a_relay_that_hides_the_move",),
    "M2": (_MOVES + "test_m2_a_relay_that_was_left_adds_nothing",),
    "M3": (_MOVES + "test_m3_a_move_that_the_owner_or_the_other_relay_did_not_sign",),
    "M4": (_MOVES + "test_m4_the_other_relay_shows_less_than_its_receipt",),
    "M5": (
        _MOVES + "test_m5_an_address_without_the_owners_word_is_not_followed",
        _MOVES + "test_m5_without_the_rule_it_would_be_followed",
    ),
    "M6": (
        _MOVES + "test_m6_a_relay_that_has_another_log_gives_no_receipt",
        _MOVING + "test_the_whole_way_and_one_relay_to_write_at_at_each_moment",
        _MOVING + "test_without_the_rule_there_are_two_logs",
    ),
    "T40": (
        "relay/test_append_rule.py::test_t40_check_1_and_6_a_changed_byte_is_refused",
        "relay/test_append_rule.py::test_t40_without_its_check_the_log_takes_what_it_refuses",
    ),
    "T41": (
        "relay/test_session_dialogue.py::test_t41_append_without_sub_is_refused",
        "relay/test_session_dialogue.py::test_t41_without_that_rule_a_stranger_appends",
    ),
    "T42": (
        "relay/test_owner_records.py::test_t42_a_key_of_the_epoch_before_reads_nothing",
        "relay/test_owner_records.py::test_an_epoch_ends_writers_readers_and_snapshots_of_the_one_before",
    ),
    "T44": (
        "relay/test_process.py::"
        "test_t44_five_kills_in_mid_stream_lose_nothing_acknowledged_and_keep_one_chain",
        "relay/test_durability.py::test_acknowledging_before_the_sync_would_be_noticed",
    ),
    "T45": (
        "relay/test_owner_records.py::test_t45_only_the_owner_deletes",
        "relay/test_owner_records.py::test_t45_without_the_owners_signature_anybody_deletes",
    ),
    "T46": (
        "relay/test_process.py::test_t46_logs_name_no_pad_no_person_and_no_address",
        "relay/test_process.py::test_t46_a_pad_in_the_log_would_be_found",
    ),
    "T47": (
        "relay/test_process.py::test_t47_at_rest_are_only_the_listed_fields",
        "relay/test_process.py::test_t47_a_nonce_that_is_kept_would_be_found",
    ),
    "T50": (
        "host/test_files.py::test_t50_a_file_that_others_may_have_written_is_not_believed",
        "host/test_files.py::test_links_fifos_and_folders_are_no_files",
        "host/test_files.py::test_what_is_made_is_private_whatever_the_umask",
        "vault/test_refusals.py::test_linked_and_special_files_are_refused",
    ),
    "T51": (
        "vault/test_canary.py::test_no_plaintext_and_no_key_on_the_disk",
        "vault/test_canary.py::test_the_search_finds_plaintext_where_encryption_is_off",
    ),
    "T52": (
        "host/test_real_process.py::test_t52_t54_the_running_app_leaves_no_core_and_shows_no_secret",
        "host/test_process.py::"
        "test_t52_without_hardening_it_may_be_traced_and_its_files_are_as_the_umask_says",
    ),
    "T53": (
        "terminal/test_t53_escapes.py::test_t53_no_screen_lets_anything_from_outside_command_the_terminal",
        "terminal/test_t53_escapes.py::test_t53_without_the_defences_the_attack_reaches_the_terminal",
        "terminal/test_t53_escapes.py::test_t53_without_term_safe_verbs_would_pass_the_attack_on",
    ),
    "T54": (
        "host/test_real_process.py::test_t54_a_link_is_joined_from_a_pipe_and_shown_nowhere",
        "host/test_real_process.py::test_t54_what_is_exposed_would_be_found",
    ),
    "T55": (
        "host/test_external_editor.py::test_a_killed_editor_leaves_nothing_and_what_it_saved_comes_back",
        "host/test_external_editor.py::test_t55_without_clearing_up_the_text_stays_on_the_disk",
    ),
    "T56": (
        "host/test_lock.py::test_t56_after_locking_no_key_and_no_document_is_reachable",
        "host/test_lock.py::test_t56_without_dropping_the_engine_all_of_it_stays",
    ),
    "R1": (
        "crdt/test_hostile_updates.py::test_r1_deleting_half_an_emoji_is_refused",
        "crdt/test_hostile_updates.py::test_r1_without_the_surrogate_rule_a_joiner_loses_text",
    ),
    "R2": (
        "crdt/test_hostile_updates.py::test_r2_map_and_text_may_not_cross",
        "crdt/test_hostile_updates.py::test_r2_without_the_root_rule_text_becomes_the_title",
    ),
    "R3": (
        _SNAPSHOTS + "test_t22_r03_veterans_warn_of_a_lying_snapshot_and_do_not_use_it",
        _SNAPSHOTS + "test_r03_a_table_by_the_relay_alone",
        "relay/test_snapshot_rule.py::test_the_table_is_as_of_its_position",
    ),
    "R4": (
        "pad/test_sending.py::test_an_active_writer_may_make_a_snapshot",
        _SNAPSHOTS + "test_r04_a_refused_snapshot_spoils_no_writer",
    ),
    "R5": (
        "vault/test_padstore.py::test_r5_no_second_body_for_a_seq_not_even_after_the_first_was_folded",
        "vault/test_refusals.py::test_a_copy_is_a_vault_of_its_own",
        "engine/test_shared_writer.py::test_a_vault_behind_the_file_abandons_the_writer",
        _EDITORS + "test_t18_an_editor_signs_two_entries_for_one_place",
    ),
    "R6": (_EPOCHS + "test_r06_a_refused_record_leaks_no_seed_of_the_accepted_one",),
    "R7": (
        "pad/test_void.py::test_a_void_takes_one_entry_away_and_nothing_that_was_built_on_it",
        "pad/test_void.py::test_dropping_the_entry_would_cost_others_their_text",
    ),
    "R8": (_FORGERY + "test_r08_a_presence_frame_is_no_proof_of_equivocation",),
    "R9": (_PRESENCE + "test_r11_a_lying_peer_cannot_make_an_honest_relay_look_forked",),
    "R10": (
        "pad/test_presence.py::test_viewers_are_shown_but_confirm_nothing",
        "pad/test_presence.py::test_an_unproven_key_fills_no_more_room_than_a_viewer",
        _PRESENCE + "test_t28_a_crowd_of_made_up_sessions",
    ),
    "R11": (
        _PRESENCE + "test_r11_a_lying_peer_cannot_make_an_honest_relay_look_forked",
        "pad/test_presence.py::test_a_viewer_makes_nobody_look_stale",
    ),
    "R12": ("pad/test_verdicts.py::test_ones_own_second_identity_vouches_for_nothing",),
    "R13": ("relay/test_owner_records.py::test_r13_an_epoch_voids_no_acknowledged_text",),
    "R14": (
        "pad/test_epochs.py::test_r14_r15_a_member_who_was_away_returns_by_slot_and_loses_no_unsent_edit",
        _EPOCHS + "test_r14_without_their_slot_they_would_be_outside",
    ),
    "R15": (
        "pad/test_epochs.py::test_r14_r15_a_member_who_was_away_returns_by_slot_and_loses_no_unsent_edit",
        "pad/test_epochs.py::test_r15_without_making_them_again_pending_edits_are_refused_for_ever",
    ),
    "R16": (
        _EDITORS + "test_r16_an_entry_with_an_old_base_needs_a_true_proof",
        _EDITORS + "test_r16_with_a_true_proof_an_author_of_another_log_is_a_fork",
    ),
    "R17": (
        "pad/test_fold.py::test_edits_of_a_live_window_wait_for_those_before_them",
        "pad/test_fold.py::test_edits_of_a_dead_window_are_never_signed_as_they_stand",
        "pad/test_fold.py::test_r17_without_the_order_of_the_queue_an_edit_is_lost_to_the_others",
    ),
    "R18": (
        "crdt/test_split.py::test_r18_a_ten_megabyte_paste_delete_and_undo_leave_as_valid_parts",
        "crdt/test_split.py::test_r18_without_splitting_the_same_edits_are_refused",
    ),
    "R19": (_FORGERY + "test_r19_an_unknown_rule_set_blames_nobody",),
    "R20": (
        "crdt/test_snapshots.py::test_r20_a_ten_megabyte_snapshot_of_one_writer_is_accepted",
        "crdt/test_snapshots.py::test_r20_without_limits_of_its_own_a_snapshot_is_refused",
    ),
    "R21": (
        "relay/test_restore.py::test_nobody_can_hold_a_pad_for_ever",
        "relay/test_restore.py::test_without_the_draft_a_refused_frame_would_leave_entries_behind",
    ),
    "R22": (
        _MAIL + "test_r22_a_flood_at_the_door_keeps_no_contact_out",
        _MAIL + "test_r22_who_was_declined_or_is_nobody_fills_no_inbox",
        "relay/test_mailboxes.py::test_strangers_fill_the_door_and_contacts_still_get_through",
        _CONTACTS + "test_a_contact_who_writes_without_end_keeps_nobody_else_out",
        _CONTACTS + "test_mail_of_which_nothing_comes_leaves_nothing_in_the_drive",
    ),
    "R24": (
        _EDITORS + "test_r24_a_flood_of_hellos_costs_each_alike",
        "relay/test_snapshot_rule.py::test_r24_a_table_that_no_answer_can_hold_is_refused",
        "relay/test_limits.py::test_too_many_entries_are_told_to_come_again",
    ),
    "R25": (
        "comments/test_comments.py::test_a_comment_over_the_limit_is_refused_here",
        "comments/test_comments.py::test_r25_without_the_limit_of_who_writes_peers_would_refuse_the_entry",
        "ui/test_comments.py::test_an_over_long_comment_is_refused_with_a_sentence_and_stays_in_the_field",
    ),
    "R26": (
        "pad/test_sending.py::test_a_lost_acknowledgement_doubles_nothing",
        _SAID + "test_t25_without_the_rule_that_only_the_log_empties_the_outbox",
    ),
    "R28": (
        "pad/test_restore.py::test_without_the_wait_that_would_be_a_fork",
        "pad/test_restore.py::test_a_relay_that_knows_it_is_a_backup_is_shown_what_it_signed_before",
    ),
}

LATER: dict[str, str] = {}
"""Rows of things that are not built: their tests come with them."""
