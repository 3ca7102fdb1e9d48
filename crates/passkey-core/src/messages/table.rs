//! Every sentence for a person, in English. What stands above one is for its translators, and goes into
//! `po/pam_passkey.pot`, which a test compares with this table.

use super::phrase::Message;

/// Makes a constant of every message, and a list of them all for the tests: an unused message is dead code.
macro_rules! messages {
    ($(
        $(#[doc = $comment:literal])+
        $visibility:vis $name:ident = $text:literal $(, $plural:literal)?;
    )+) => {
        $(
            $(#[doc = $comment])+
            $visibility const $name: Message = messages!(@message $text $(, $plural)?);
        )+

        /// All of them, each with the words for its translators.
        #[cfg(test)]
        pub(super) const ALL: &[(Message, &[&str])] = &[$(($name, &[$($comment),+])),+];
    };
    (@message $text:literal) => { Message::new($text) };
    (@message $text:literal, $plural:literal) => { Message::counted($text, $plural) };
}

messages! {
    /// Two sentences, one after the other. Where no space stands between sentences, leave it out.
    pub(super) TWO_SENTENCES = "{first} {second}";

    /// No security key is plugged in, and one is waited for.
    pub(super) INSERT_KEY = "Plug in your security key.";
    /// In a list of ways to sign in: by a security key.
    pub PASSKEY = "Passkey";
    /// In a list of ways to sign in, and at the field where it is typed.
    pub PASSWORD = "Password";
    /// At a field that is not needed: the security key asks for no PIN. What the person types there is not looked at.
    pub NO_PIN_NEEDED = "Press Enter, then touch your security key";
    /// The same, where the fingerprint reader of this computer is used.
    pub NO_PIN_BUT_FINGER = "Press Enter, then put your finger on the reader";
    /// Security keys are plugged in, none of them is the right one, and another one is waited for.
    pub(super) FOREIGN_KEY_SO_FAR =
        "The security key that is plugged in holds no passkey for this account. Plug in yours.";
    /// Another program is talking to the security key.
    pub(super) KEY_BUSY = "Another program is using the security key. Waiting for it.";
    /// It says that it is busy or out of order, or says nothing, and is waited for.
    pub(super) REPLUG_KEY = "The security key does not respond. Unplug it and plug it in again.";
    /// The account has many passkeys, and the security key is slow.
    pub(super) ASKING_KEY = "Looking for your passkey on the security key. This may take a moment.";
    /// The security key blinks and wants to be touched. Short: it is what people see most often.
    pub(super) TOUCH = "Touch your security key.";
    /// Several security keys blink; the one that is touched is asked for its PIN next.
    pub(super) TOUCH_TO_CHOOSE = "Touch the security key that you want to use.";
    /// The security key has a fingerprint reader, which waits.
    pub(super) USE_FINGERPRINT = "Put your finger on the reader of your security key.";
    /// This computer has a fingerprint reader, which waits.
    pub(super) USE_THIS_FINGERPRINT = "Put your finger on the reader of this computer.";
    /// A security key blinks, and the fingerprint reader of this computer waits as well.
    pub(super) TOUCH_OR_FINGERPRINT = "Touch your security key, or put your finger on the reader of this computer.";
    /// It is not known how many tries are left.
    pub(super) FINGERPRINT_AGAIN = "The fingerprint was not recognised. Try again.";
    /// {left} is 2 or more.
    pub(super) FINGERPRINT_AGAIN_COUNTED =
        "The fingerprint was not recognised. Try again: {left} try left.",
        "The fingerprint was not recognised. Try again: {left} tries left.";
    /// One more fingerprint that is not recognised, and the security key takes no more of them.
    pub(super) FINGERPRINT_LAST_TRY = "The fingerprint was not recognised. Try again: this is the last try.";
    /// Too many fingerprints were not recognised. The PIN is asked for next.
    pub(super) FINGERPRINT_LOCKED = "The security key takes no more fingerprints for now. Use its PIN.";
    /// The same, where several security keys are plugged in. {key} is the name of the one that is meant.
    pub(super) FINGERPRINT_LOCKED_OF =
        "The security key {key} takes no more fingerprints for now. Use its PIN.";
    /// Too many fingerprints were not recognised, or the reader of this computer is in use. The PIN is asked for next.
    pub(super) THIS_FINGERPRINT_LOCKED = "This computer takes no fingerprint for now. Use its PIN.";
    /// A security key blinks. If it is not touched, the PIN of this computer is asked for after some seconds.
    pub(super) TOUCH_OR_WAIT = "Touch your security key, or wait to type the PIN of this computer.";
    /// It was pulled out while it was needed, and is waited for.
    pub(super) KEY_REMOVED = "The security key was removed. Plug it in again.";

    /// A prompt: the person types behind it. Keep the space at the end.
    pub PIN_FIRST = "PIN of your security key: ";
    /// The second prompt for a PIN. No prompt may read like another one: some programs give the same answer to the same prompt.
    pub(super) PIN_AGAIN = "PIN of your security key, again: ";
    /// The third prompt for a PIN and any later one. {number} is 3 or more.
    pub(super) PIN_ATTEMPT = "PIN of your security key, attempt {number}: ";
    /// A prompt. The account has recovery codes: ten codes on paper, each of which signs in once without the security key.
    pub(super) PIN_OR_CODE_FIRST = "PIN of your security key, or a recovery code: ";
    /// The second prompt for a PIN or a recovery code.
    pub(super) PIN_OR_CODE_AGAIN = "PIN of your security key, or a recovery code, again: ";
    /// The third such prompt and any later one. {number} is 3 or more.
    pub(super) PIN_OR_CODE_ATTEMPT = "PIN of your security key, or a recovery code, attempt {number}: ";
    /// A prompt, where several security keys are plugged in. {key} is the name of the one that is meant. Keep the space at the end.
    pub(super) PIN_OF_FIRST = "PIN of the security key {key}: ";
    /// The second prompt for a PIN, where several security keys are plugged in.
    pub(super) PIN_OF_AGAIN = "PIN of the security key {key}, again: ";
    /// The third prompt for a PIN and any later one, where several security keys are plugged in. {number} is 3 or more.
    pub(super) PIN_OF_ATTEMPT = "PIN of the security key {key}, attempt {number}: ";
    /// A prompt, where several security keys are plugged in and the account has recovery codes.
    pub(super) PIN_OR_CODE_OF_FIRST = "PIN of the security key {key}, or a recovery code: ";
    /// The second such prompt.
    pub(super) PIN_OR_CODE_OF_AGAIN = "PIN of the security key {key}, or a recovery code, again: ";
    /// The third such prompt and any later one. {number} is 3 or more.
    pub(super) PIN_OR_CODE_OF_ATTEMPT =
        "PIN of the security key {key}, or a recovery code, attempt {number}: ";
    /// A prompt for the PIN of the passkey that this computer holds itself, in its TPM. Keep the space at the end.
    pub(super) THIS_PIN_FIRST = "PIN of this computer: ";
    /// The second such prompt.
    pub(super) THIS_PIN_AGAIN = "PIN of this computer, again: ";
    /// The third such prompt and any later one. {number} is 3 or more.
    pub(super) THIS_PIN_ATTEMPT = "PIN of this computer, attempt {number}: ";
    /// The same, where the account has recovery codes.
    pub(super) THIS_PIN_OR_CODE_FIRST = "PIN of this computer, or a recovery code: ";
    /// The second such prompt.
    pub(super) THIS_PIN_OR_CODE_AGAIN = "PIN of this computer, or a recovery code, again: ";
    /// The third such prompt and any later one. {number} is 3 or more.
    pub(super) THIS_PIN_OR_CODE_ATTEMPT = "PIN of this computer, or a recovery code, attempt {number}: ";
    /// Says what the next field is for, in programs that give it no label. It is not the password of the account.
    pub(super) THIS_PIN_ANNOUNCED = "Type the PIN of this computer, not your password.";
    /// The same, where the account has recovery codes.
    pub(super) THIS_PIN_OR_CODE_ANNOUNCED = "Type the PIN of this computer or a recovery code, not your password.";
    /// Stands before the prompt for the PIN of this computer, where a security key could be used as well.
    pub(super) NOTHING_FOR_KEY = "To use your security key instead, type nothing and press Enter.";
    /// A prompt where only some 25 characters are shown. The account has recovery codes.
    pub(super) PIN_OR_CODE_SHORT = "PIN or recovery code: ";
    /// Says what the next field is for, in programs that give it no label; people took it for the password's.
    pub(super) PIN_ANNOUNCED = "Type the PIN of your security key, not your password.";
    /// The same, where the account has recovery codes.
    pub(super) PIN_OR_CODE_ANNOUNCED = "Type the PIN of your security key or a recovery code, not your password.";
    /// The same, where several security keys are plugged in. {key} is the name of the one that is meant.
    pub(super) PIN_OF_ANNOUNCED = "Type the PIN of the security key {key}, not your password.";
    /// The same, where several security keys are plugged in and the account has recovery codes.
    pub(super) PIN_OR_CODE_OF_ANNOUNCED =
        "Type the PIN of the security key {key} or a recovery code, not your password.";
    /// Stands after the sentence that says why no security key signed in, in programs that give the next field no label.
    pub PASSWORD_NEXT = "If asked again, type your password.";
    /// Stands before a prompt for the PIN. The PIN that was typed before was wrong.
    pub(super) PIN_WRONG = "That PIN was wrong.";
    /// Stands before a prompt for the PIN. {length} is the number of characters that a PIN has at least, mostly 4.
    pub(super) NOT_A_PIN =
        "That is too short or too long for a PIN, which has at least {length} character.",
        "That is too short or too long for a PIN, which has at least {length} characters.";
    /// Stands before a prompt for the PIN.
    pub(super) THAT_WAS_THE_PASSWORD = "That is your password, not the PIN of your security key.";
    /// Stands before a prompt for the PIN. The person touched the key during the question: it types its one-time password then, like a
    /// keyboard.
    pub(super) THAT_WAS_A_ONE_TIME_PASSWORD =
        "Your security key typed that itself. Touch it only when it blinks.";
    /// Stands before a prompt for the PIN, in a program that takes no recovery codes.
    pub(super) THAT_WAS_A_RECOVERY_CODE = "That is a recovery code, not the PIN of your security key.";
    /// Stands between "That PIN was wrong." and a prompt for the PIN. {left} is 4 or more.
    pub(super) TRIES_LEFT = "{left} try left.", "{left} tries left.";
    /// Stands before a prompt for the PIN. {left} is 2 or 3.
    pub(super) FEW_TRIES_LEFT =
        "Careful: {left} try left before the PIN is blocked for good.",
        "Careful: {left} tries left before the PIN is blocked for good.";
    /// Stands before a prompt for the PIN of this computer. {left} is 2 or 3. The lock opens by itself, when the TPM has forgotten one.
    pub(super) FEW_TRIES_LEFT_HERE =
        "Careful: {left} try left before this computer takes no PIN for hours.",
        "Careful: {left} tries left before this computer takes no PIN for hours.";
    /// Stands before a prompt for the PIN of this computer.
    pub(super) LAST_TRY_HERE = "This is the last try before this computer takes no PIN for hours.";
    /// Stands before a prompt for the PIN.
    pub(super) THAT_WAS_THE_PASSWORD_HERE = "That is your password, not the PIN of this computer.";
    /// Stands before a prompt for the PIN, in a program that takes no recovery codes.
    pub(super) THAT_WAS_A_RECOVERY_CODE_HERE = "That is a recovery code, not the PIN of this computer.";
    /// Stands before a prompt for the PIN. After this try the security key can only be reset, and loses its passkeys.
    pub(super) LAST_TRY = "This is the last try before the PIN is blocked for good.";

    /// Stands after the sentence that asks for the security key to be plugged in, and before a long wait.
    pub(super) RECOVERY_CODE_NEXT = "If it is lost, wait: you can use a recovery code next.";
    /// A prompt for one of the account's recovery codes, after it was said why no security key could be used. An empty answer goes on as if
    /// there were no such codes.
    pub(super) RECOVERY_FIRST = "Recovery code (Enter to go on without): ";
    /// The second prompt for a recovery code.
    pub(super) RECOVERY_AGAIN = "Recovery code, again (Enter to go on without): ";
    /// The third prompt for a recovery code and any later one. {number} is 3 or more.
    pub(super) RECOVERY_ATTEMPT = "Recovery code, attempt {number} (Enter to go on without): ";
    /// Stands before a prompt. A letter or two of it are wrong.
    pub(super) RECOVERY_MISTYPED = "That recovery code has a typing mistake.";
    /// Stands before a prompt. It does not look like one at all.
    pub(super) NOT_A_RECOVERY_CODE = "That is not a recovery code.";
    /// Stands before a prompt. It looks like one, and is not the account's.
    pub(super) RECOVERY_WRONG = "That recovery code is wrong.";
    /// Stands before a prompt. Each works once.
    pub(super) RECOVERY_USED = "That recovery code has been used before.";
    /// They were taken away at the same moment.
    pub(super) NO_RECOVERY_CODES = "This account has no recovery codes.";
    /// {minutes} goes up to 60.
    pub(super) RECOVERY_LOCKED =
        "Too many wrong recovery codes. They are taken again in {minutes} minute.",
        "Too many wrong recovery codes. They are taken again in {minutes} minutes.";
    /// Checking a recovery code takes some memory, on purpose.
    pub(super) RECOVERY_NO_MEMORY =
        "This computer has not enough free memory to check the recovery code. Try again later.";
    /// The disk is full or cannot be written to. Who signs in cannot put it right.
    pub(super) RECOVERY_NOT_STORED =
        "The recovery code was not accepted, since it could not be marked as used. The system log says more.";
    /// It was accepted, and there are no more. What stands after the colon is a command.
    pub(super) LAST_RECOVERY_CODE =
        "That was your last recovery code. Make new ones with: passkey-enroll recovery new";
    /// One was accepted. {left} is 1 to 3. What stands after the colon is a command.
    pub(super) FEW_RECOVERY_CODES =
        "{left} recovery code is left. Make new ones with: passkey-enroll recovery new",
        "{left} recovery codes are left. Make new ones with: passkey-enroll recovery new";

    /// A prompt. {list} is like: 1 alice, 2 bob. The person types a number or a name.
    pub(super) ACCOUNT_FIRST = "Which account? {list}: ";
    /// The second prompt, after an answer that is none of the accounts.
    pub(super) ACCOUNT_AGAIN = "Please type the number or the name of one of these accounts. {list}: ";
    /// The third prompt and any later one. {number} is 3 or more.
    pub(super) ACCOUNT_ATTEMPT = "Please type one of these numbers or names, attempt {number}. {list}: ";

    /// The person was asked for it, or the service does not wait for one.
    pub(super) NO_KEY = "No security key was plugged in.";
    /// Security keys were plugged in, none of them the right one.
    pub(super) FOREIGN_KEY = "The security key holds no passkey for this account. Use another one.";
    /// Another program was talking to the security key all the time.
    pub(super) KEY_STAYED_BUSY = "Another program is using the security key. Try again when it has finished.";
    /// It was pulled out before the sign-in was done.
    pub(super) KEY_UNPLUGGED = "The security key was unplugged too early. Plug it in and try again.";
    /// The program in which the person signs in may not open the device.
    pub(super) KEY_NOT_ALLOWED =
        "This program is not permitted to use the security key. The system log says more.";
    /// The program in which the person signs in has used up what the system gives it.
    pub(super) NO_DESCRIPTORS =
        "This program has too many files open to use a security key. The system log says more.";
    /// It is a device of another kind, or a broken one.
    pub(super) NO_PROTOCOL = "This security key speaks neither FIDO2 nor U2F. Use another one.";
    /// The account has many passkeys, and the security key is slow.
    pub(super) TOO_MANY_PASSKEYS =
        "The security key needs too long to look through the passkeys of this account. Remove those that are no \
         longer used.";
    /// It gives no answer at all.
    pub(super) KEY_SILENT =
        "The security key does not answer. Unplug it, plug it in again and try once more.";
    /// What it answers is nonsense.
    pub(super) KEY_GARBLED =
        "The security key does not answer properly. Unplug it, plug it in again and try once more.";
    /// The security key itself refuses, for a reason that would mean nothing to a person.
    pub(super) KEY_REFUSED =
        "The security key could not sign in. Unplug it, plug it in again and try once more.";
    /// It was not touched.
    pub(super) NO_TOUCH = "The security key was not touched in time.";
    /// The person refused, with a button of the security key.
    pub(super) DECLINED = "Signing in was declined on the security key.";
    /// The passkey is used by two devices, one of which is a copy.
    pub(super) COPIED =
        "There seems to be a copy of this security key, so it is not accepted. The system log says more.";
    /// The signature is false.
    pub(super) REJECTED =
        "The security key's answer is not valid for this account. The system log says more.";
    /// The system's source of random numbers failed, which hardly ever happens.
    pub(super) NO_RANDOMNESS =
        "This computer could not make the random numbers that signing in needs. Try again.";

    /// What stands after the colon is a command.
    pub(super) PIN_NOT_SET =
        "This sign-in needs the PIN of your security key, which has none yet. Set one with: passkey-enroll \
         key pin set";
    /// What stands after the colon is a command.
    pub(super) PIN_MUST_CHANGE =
        "The PIN of your security key must be changed before the key can be used again. Change it with: \
         passkey-enroll key pin change";
    /// A security key without PIN and fingerprint reader.
    pub(super) VERIFICATION_UNSUPPORTED =
        "This sign-in needs a PIN or a fingerprint, and this security key can do neither. Use another one.";
    /// A security key of the first generation (U2F).
    pub(super) KEY_TOO_OLD =
        "This security key is too old for this sign-in: it knows neither PIN nor fingerprint. Use a newer \
         one.";

    /// As many wrong PINs as are allowed in one sign-in, and it is not known how many tries are left.
    pub(super) PIN_WRONG_TOO = "That PIN was wrong, too.";
    /// As many wrong PINs as are allowed in one sign-in.
    pub(super) PIN_WRONG_TOO_COUNTED =
        "That PIN was wrong, too. {left} try is left before the PIN is blocked for good.",
        "That PIN was wrong, too. {left} tries are left before the PIN is blocked for good.";
    /// Three wrong PINs in a row.
    pub(super) PIN_LOCKED =
        "The security key takes no PIN for now. Unplug it, plug it in again and try once more.";
    /// All tries are used up.
    pub(super) PIN_BLOCKED =
        "The PIN of this security key is blocked for good. Use another security key, or your password. A \
         reset makes this one usable again, without its passkeys.";
    /// Too many wrong PINs. The lock opens by itself.
    pub(super) THIS_COMPUTER_LOCKED =
        "This computer takes no PIN for now, after too many wrong ones. Use a security key or your password, or try \
         again later.";
    /// This computer was repaired, or its TPM cleared, or its disk is in another one.
    pub(super) NOT_ON_THIS_COMPUTER =
        "This computer does not hold your passkey any more. Use a security key or your password, and add a new \
         passkey.";
    /// The TPM, or the service in front of it, does not answer.
    pub(super) THIS_COMPUTER_UNUSABLE = "The passkey of this computer cannot be used now. Use a security key or your password.";
    /// Too many fingerprints were not recognised, and there is no PIN that could be asked for.
    pub(super) SENSOR_LOCKED =
        "The security key takes no more fingerprints, and it has no PIN to fall back on. Use another one.";
    /// All that was typed was too short or too long, or the password.
    pub(super) NEVER_A_PIN = "No PIN was sent: what was typed cannot be the PIN.";
    /// Something went wrong between the computer and the security key; the PIN may be right.
    pub(super) PIN_UNCHECKED =
        "The security key could not check the PIN. Unplug it, plug it in again and try once more.";

    /// No user name was typed; the passkey on the security key should say who signs in, and there is none that could.
    pub(super) NOTHING_DISCOVERABLE = "This security key has no passkey that could say who you are.";
    /// No user name was typed; the passkey on the security key says who signs in, and this computer does not know them.
    pub(super) UNKNOWN_ACCOUNT = "The passkey on this security key belongs to no account on this computer.";

    /// The person is signed in, and the keyring (of saved passwords) is not opened: this security key was not set up to open it. What stands
    /// after the colon is a command.
    pub(super) KEYRING_OTHER_PASSKEY =
        "Your keyring stays closed: this security key is not set up to open it. Set it up with: sudo passkey-enroll keyring enable";
    /// The person is signed in, and the keyring (of saved passwords) is not opened: another security key opens it, and this one never can.
    pub(super) KEYRING_UNABLE = "Your keyring stays closed: this security key cannot open it.";
    /// The person is signed in, and the keyring is not opened: their password is another one now. What stands after the colon is a command.
    pub KEYRING_STALE =
        "Your keyring stays closed: your password has changed. Set it up again with: sudo passkey-enroll keyring enable";
    /// The person has just changed their password, and a security key that opens the keyring is plugged in.
    pub KEYRING_CONFIRM =
        "Your security key opens your keyring. Use it now for the new password, or press Enter to do that later.";
    /// The security key was used after the password was changed.
    pub KEYRING_UPDATED = "Your security key opens the keyring with the new password.";
    /// The person is signed in, and the keyring is not opened: the security key did not take part, or what was stored for it is damaged.
    pub(super) KEYRING_SHUT = "Your keyring stays closed. The system log says why.";

    /// What stands after the colon is a command.
    pub NOT_ENROLLED = "No passkey is set up for this account. Add one with: passkey-enroll add";
    /// What stands after the colon is a command.
    pub ALL_DISABLED = "All passkeys of this account are disabled. Enable one with: passkey-enroll enable";
    /// The configuration has a mistake. Who signs in cannot put it right.
    pub BROKEN = "Passkey sign-in is not set up correctly on this computer. The system log says more.";
    /// The file of the account's passkeys has a mistake, or cannot be opened.
    pub STORE_BROKEN = "The passkeys of this account cannot be read. The system log says more.";
}
